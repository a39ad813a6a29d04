"""`audit verify` and `audit public-key` as an auditor runs them, and a worker that is killed."""

import asyncio
import os
import signal
import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integration_api.audit import anchor
from tests.audit.log import CITY, Log
from tests.cli.commands import SECRET, Outcome, command
from tests.conftest import Committed
from tests.running import PROGRAM, environment

KEY = "audit/key.pem"


class Site:
    """An external database with the data folder of its worker."""

    def __init__(self, there: Committed, folder: Path) -> None:
        dsn, name = there.server.dsn, there.name
        self.log, self.folder = Log(there, folder), folder
        self.anchor, self.pem = folder / "anchor.jsonl", folder / "public.pem"
        self.variables = {
            "DATABASE_URL": dsn("ia_app", name),
            "WORKER_DATABASE_URL": dsn("ia_worker", name),
            "AUDITOR_DATABASE_URL": dsn("ia_auditor", name),
            "SECRET_KEY": SECRET,
            "AUDIT_ANCHOR": str(self.anchor),
            "WORKER_SECONDS": "0.02",
            "LOG_LEVEL": "error",
        }
        key = Ed25519PrivateKey.generate()
        made = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.variables["AUDIT_KEY"] = made.decode()

    async def run(self, *arguments: str, **changed: str) -> Outcome:
        """One command."""
        return await command(*arguments, **(self.variables | changed))

    async def auditor(self, *more: str) -> Outcome:
        """The proof as somebody makes it who has the auditor's login, key and anchor alone."""
        seen = ("DATABASE_URL", "AUDITOR_DATABASE_URL", "SECRET_KEY")
        variables = {n: v for n, v in self.variables.items() if n in seen}
        given = ["--anchor", str(self.anchor), "--public-key", str(self.pem)]
        return await command("audit", "verify", *(more or given), **variables)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[subprocess.Popen[bytes]]:
        """A worker as a process, killed at the end."""
        process = await asyncio.to_thread(
            subprocess.Popen, [str(PROGRAM), "worker"], env=environment(**self.variables)
        )
        try:
            yield process
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def unsealed(self) -> int:
        """How many entries wait."""
        sql = "select count(*) from ia.audit_entry where hash is null"
        return int(await self.log.admin.fetchval(sql))


@pytest.fixture
async def site(committed: Committed, tmp_path: Path) -> Site:
    """A site whose auditor has the public key."""
    made = Site(committed, tmp_path)
    said = await made.run("audit", "public-key")
    assert "BEGIN PUBLIC KEY" in said.out, said.err
    assert "PRIVATE" not in said.out + said.err
    made.pem.write_text(said.out)
    return made


async def sealed(site: Site) -> None:
    """Wait until nothing is open and the head is anchored."""
    for _ in range(1000):
        if await site.unsealed() == 0 and site.anchor.exists():
            n = await site.log.admin.fetchval("select n from ia.audit_head")
            if any(one and one.head.n == n for _, one in anchor.read(site.anchor)):
                return
        await asyncio.sleep(0.02)
    raise AssertionError("the worker sealed nothing")


async def test_a_worker_seals_and_an_auditor_proves_or_finds_the_place(site: Site) -> None:
    await site.log.write(50)
    async with site.worker():
        await sealed(site)
    whole = await site.auditor()
    assert (whole.code, whole.out.splitlines()[-1]) == (0, "whole: 50 entries in 1 chains")
    assert f"ok      {CITY}: 50 entries, anchored up to 50" in whole.out
    await site.log.forge("delete from ia.audit_entry where n = 31")
    broken = await site.auditor()
    assert broken.code == 3
    assert f"BROKEN  {CITY}: entry 31 is missing: 32 (id 32) follows 30" in broken.out
    assert "whole" not in broken.out


async def test_a_worker_killed_again_and_again_loses_and_doubles_nothing(site: Site) -> None:
    written = 0
    for kill in range(2):
        async with site.worker() as worker:
            seen = await site.log.sealed()
            while await site.log.sealed() <= seen + 20 * kill:  # it is at work when it is killed
                await site.log.write(10)
                written += 10
                await asyncio.sleep(0.005)
            os.kill(worker.pid, signal.SIGKILL)
    async with site.worker():
        await sealed(site)
    whole = await site.auditor()
    assert whole.code == 0, whole.out
    assert f"whole: {written} entries" in whole.out


async def test_what_cannot_be_looked_at_is_no_proof(site: Site, tmp_path: Path) -> None:
    no_key = await site.auditor("--anchor", str(site.anchor))
    assert (no_key.code, "--public-key" in no_key.err) == (1, True)
    no_file = await site.auditor("--anchor", str(tmp_path / "none"), "--public-key", str(site.pem))
    assert (no_file.code, "the anchor cannot be read" in no_file.err) == (1, True)
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no key")
    bad = await site.auditor("--public-key", str(garbage))
    assert (bad.code, "no public key" in bad.err) == (1, True)
    no_login = await site.run("audit", "verify", AUDITOR_DATABASE_URL="")
    assert (no_login.code, "INTEGRATION_API_AUDITOR_DATABASE_URL" in no_login.err) == (1, True)


async def test_an_empty_log_is_proven_with_exit_code_0(site: Site) -> None:
    said = await site.auditor("--public-key", str(site.pem))
    assert (said.code, "whole: 0 entries in 0 chains" in said.out) == (0, True)
    assert "without --anchor" in said.out


async def test_a_worker_without_a_usable_key_does_not_start(site: Site) -> None:
    for key in ("", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"):
        refused = await site.run("worker", AUDIT_KEY=key)
        assert refused.code == 1
        assert "INTEGRATION_API_AUDIT_KEY" in refused.err
        assert "AAAA" not in refused.err


async def test_the_local_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = await command("audit", "public-key", DATA_DIR=str(tmp_path))
    again = await command("audit", "public-key", DATA_DIR=str(tmp_path))
    assert first.code == 0, first.err
    assert first.out == again.out
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "audit").iterdir()] == ["key.pem"]
    shown = await command("config", "show", AUDIT_KEY="very secret", DATA_DIR=str(tmp_path))
    assert "very secret" not in shown.out
