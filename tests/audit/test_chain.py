"""The chain of audit entries: sealed whatever happens, and proven whole or broken at a place.

The attacker of these tests is the superuser, whom neither grants nor triggers stop.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integration_api.audit import anchor, seal
from integration_api.audit.anchor import Anchor, Signed
from integration_api.audit.chain import Entry, Head, genesis, link
from integration_api.audit.keys import Signer, Verifier
from integration_api.audit.seal import Sealer
from integration_api.audit.verify import Anchors, Chain, anchors_of, verify
from integration_api.kernel.db import Database, pool
from integration_api.worker import seal as seal_round
from tests.cast import id_of
from tests.conftest import Committed

CITY = id_of("wuppertal")
KEY = Signer(Ed25519PrivateKey.generate())
OTHER = Signer(Ed25519PrivateKey.generate())
ROWS = 40


class Log:
    """A sealed log of a few entries, with the anchor that was kept of it."""

    def __init__(self, there: Committed, folder: Path) -> None:
        self.admin, self.server, self.name = there.admin, there.server, there.name
        self.make, self.path = there.make, folder / "anchor.jsonl"

    async def write(self, count: int, city: UUID = CITY) -> None:
        """Entries as the statements of a change write them."""
        await self.admin.execute(
            "insert into ia.audit_entry (municipality_id, canonical)"
            " select $1::uuid, json_build_object('at', now(), 'agency_id', $2::text,"
            " 'action', 'case.changed', 'object_id', gen_random_uuid())::text"
            " from generate_series(1, $3)",
            city, str(id_of("lead")), count,
        )  # fmt: skip

    async def sealed(self) -> int:
        """How many entries are sealed."""
        sql = "select count(*) from ia.audit_entry where hash is not null"
        return int(await self.admin.fetchval(sql))

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Database]:
        """A worker's database."""
        async with pool(self.server.dsn("ia_worker", self.name), 2) as connections:
            yield Database(connections)

    async def seal(self, signer: Signer = KEY) -> int:
        """One round of a worker that has just started."""
        async with self.sealing() as database:
            return await seal_round(database, sealer=Sealer(signer, Anchor(self.path)))

    async def proof(self, *, anchored: bool = True, keys: Verifier | None = None) -> dict[str, Any]:
        """What `verify` says as ia_auditor: whether all is whole, and of the city's chain what."""
        keys = keys or Verifier([KEY.public])
        there = anchored and self.path.exists()
        anchors = anchors_of(anchor.read(self.path), keys) if there else Anchors()
        connection = await asyncpg.connect(self.server.dsn("ia_auditor", self.name))
        try:
            chains = await verify(connection, keys, anchors)
        finally:
            await connection.close()
        found = {chain.municipality_id: chain for chain in chains}
        broken = [*anchors.broken, *(c.broken for c in chains if c.broken)]
        return {"broken": broken, "city": found.get(CITY, Chain(CITY))}

    async def forge(self, sql: str, *args: object) -> None:
        """What a superuser can do who first takes the triggers away."""
        await self.admin.execute("set session_replication_role = replica")
        await self.admin.execute(sql, *args)
        await self.admin.execute("set session_replication_role = origin")

    async def rechain(self, signer: Signer = KEY) -> None:
        """Number and hash all entries anew and sign the head: what the holder of a key can do."""
        rows = await self.admin.fetch(
            "select * from ia.audit_entry where municipality_id = $1 order by id", CITY
        )
        await self.forge("update ia.audit_entry set n = null, hash = null")
        last = genesis(CITY)
        for n, row in enumerate(rows, 1):
            last = link(last, n, Entry(row["id"], row["recorded_at"], row["canonical"]))
            await self.forge(
                "update ia.audit_entry set n = $2, hash = $3 where id = $1", row["id"], n, last
            )
        await self.head(len(rows), last, signer)

    async def head(self, n: int, last: bytes, signer: Signer) -> None:
        """Rewrite the head."""
        at = await self.admin.fetchval("select now()")
        await self.admin.execute(
            "update ia.audit_head set n = $2, hash = $3, sealed_at = $4, key_id = $5,"
            " signature = $6 where municipality_id = $1",
            CITY, n, last, at, signer.key_id, signer.sign(Head(CITY, n, last, at)),
        )  # fmt: skip


@pytest.fixture
async def log(committed: Committed, tmp_path: Path) -> Log:
    """A log with sealed entries in two batches, whole and anchored."""
    made = Log(committed, tmp_path)
    await made.write(ROWS // 2)
    assert await made.seal() == ROWS // 2
    await made.write(ROWS // 2)
    assert await made.seal() == ROWS // 2
    proof = await made.proof()
    assert proof["broken"] == []
    assert (proof["city"].entries, proof["city"].anchored) == (ROWS, ROWS)
    return made


EDIT = "update ia.audit_entry set {} where n = 17"
TAMPERED = {
    "edited text": (
        EDIT.format("canonical = replace(canonical, 'case.changed', 'case.closed')"),
        "entry 17 (id 17) is not what was sealed",
    ),
    "edited time": (
        EDIT.format("recorded_at = recorded_at + interval '1 microsecond'"),
        "entry 17 (id 17) is not what was sealed",
    ),
    "edited hash": (EDIT.format("hash = sha256(hash)"), "entry 17 (id 17) is not what was sealed"),
    "another municipality's": (
        f"update ia.audit_entry set municipality_id = '{id_of('koeln')}' where n = 17",
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "deleted": (
        "delete from ia.audit_entry where n = 17",
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "first deleted": (
        "delete from ia.audit_entry where n = 1",
        "entry 1 is missing: 2 (id 2) follows 0",
    ),
    "unsealed again": (
        EDIT.format("hash = null, n = null"),
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "swapped": (
        "update ia.audit_entry a set canonical = b.canonical from ia.audit_entry b"
        " where (a.n, b.n) in ((17, 18), (18, 17))",
        "entry 17 (id 17) is not what was sealed",
    ),
    "swapped places": (
        "update ia.audit_entry set n = n + 1000 where n in (17, 18);"
        "update ia.audit_entry set n = 1035 - n where n > 1000",
        "entry 17 (id 18) is not what was sealed",
    ),
    "put in": (
        "insert into ia.audit_entry (municipality_id, canonical, n, hash)"
        f" values ('{CITY}', '{{}}', {ROWS + 1}, sha256('x'))",
        f"entry {ROWS + 1} (id {ROWS + 1}) is not what was sealed",
    ),
    "cut tail": (
        "delete from ia.audit_entry where n > 30",
        f"entry 31 is missing: the tail is cut, the head says {ROWS}",
    ),
    "all deleted": (
        "delete from ia.audit_entry; delete from ia.audit_head",
        f"the head is missing; 0 entries are there; entry 1 is missing, the anchor says {ROWS}",
    ),
    "no head": ("delete from ia.audit_head", f"the head is missing; {ROWS} entries are there"),
    "head of another signature": (
        "update ia.audit_head set signature = sha512(signature)",
        "the head is not signed by a known key",
    ),
    "head of another time": (
        "update ia.audit_head set sealed_at = sealed_at + interval '1 second'",
        "the head is not signed by a known key",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_the_first_bad_entry_is_named(log: Log, name: str) -> None:
    sql, finding = TAMPERED[name]
    await log.forge(sql)
    assert (await log.proof())["city"].broken == finding


async def test_a_cut_tail_with_a_rewritten_head_is_caught_by_its_signature(log: Log) -> None:
    await log.forge("delete from ia.audit_entry where n > 30")
    last = await log.admin.fetchval("select hash from ia.audit_entry where n = 30")
    await log.head(30, last, OTHER)
    unsigned = "the head is not signed by a known key"
    beyond = f"; entry 31 is missing, the anchor says {ROWS}"
    assert (await log.proof(anchored=False))["broken"] == [unsigned]
    assert (await log.proof())["broken"] == [unsigned + beyond]


async def test_a_cut_tail_with_an_older_head_put_back_is_caught_by_the_anchor(log: Log) -> None:
    """The known-bad twin is the proof without the anchor: it passes."""
    await log.forge("delete from ia.audit_entry where n > 20")
    lines = [one for _, one in anchor.read(log.path) if one and one.head.n == 20]
    old = lines[0]
    await log.admin.execute(
        "update ia.audit_head set n = 20, hash = $1, sealed_at = $2, signature = $3",
        old.head.hash, old.head.sealed_at, old.signature,
    )  # fmt: skip
    assert (await log.proof(anchored=False))["broken"] == []
    cut = f"entry 21 is missing: the tail is cut, the anchor says {ROWS}"
    assert (await log.proof())["broken"] == [cut]
    await log.write(30)
    assert await log.seal() == 30, "sealing goes on, over the cut"
    found = (await log.proof())["broken"]
    assert found == ["entry 40 (id 60) or one before it was rewritten: the anchor has another hash"]


async def test_a_chain_rewritten_with_the_very_key_is_caught_by_the_anchor(log: Log) -> None:
    """The known-bad twin is the proof without the anchor: whoever has the key can write it all."""
    await log.forge("delete from ia.audit_entry where n = 5")
    await log.rechain()
    assert (await log.proof(anchored=False))["broken"] == []
    found = (await log.proof())["broken"]
    assert found == ["entry 20 (id 21) or one before it was rewritten: the anchor has another hash"]


async def test_a_whole_chain_under_another_key_is_not_believed(log: Log) -> None:
    await log.rechain(OTHER)
    assert (await log.proof(anchored=False))["broken"] == ["the head is not signed by a known key"]
    both = Verifier([KEY.public, OTHER.public])
    assert (await log.proof(keys=both))["broken"] == [], "a key that was changed is no break"
    wrong = await log.proof(keys=Verifier([OTHER.public]))
    assert wrong["broken"][0] == "line 1 of the anchor is not signed by a known key"


async def test_a_forged_line_of_the_anchor_is_named(log: Log) -> None:
    lines = log.path.read_text().splitlines()
    said = json.loads(lines[-1])
    lines.append(json.dumps(said | {"n": 999}))
    log.path.write_text("\n".join(lines) + "\n")
    found = (await log.proof())["broken"]
    assert found == [f"line {len(lines)} of the anchor is not signed by a known key"]


async def test_an_edit_of_what_is_not_sealed_is_the_window_that_is_open(log: Log) -> None:
    """What the chain does not promise: between the commit and the seal nothing is bound yet."""
    await log.write(1)
    await log.forge("update ia.audit_entry set canonical = '{}' where hash is null")
    assert await log.seal() == 1
    assert (await log.proof())["broken"] == []


@pytest.mark.parametrize(
    ("n", "finding"),
    [
        (17, "entry 18 (id 18) is not what was sealed"),
        (ROWS, f"the head says {ROWS} and does not fit the {ROWS} entries"),
    ],
)
async def test_an_edit_with_its_own_hash_made_anew_is_caught_by_the_next(
    log: Log, n: int, finding: str
) -> None:
    """Hashes that stood alone would believe the forger: they leave out the entry before."""
    rows = await log.admin.fetch("select n, hash from ia.audit_entry")
    hashes = {row["n"]: row["hash"] for row in rows}
    (row,) = await log.admin.fetch("select id, recorded_at from ia.audit_entry where n = $1", n)
    forged = Entry(row["id"], row["recorded_at"], '{"forged": true}')
    sql = "update ia.audit_entry set canonical = $2, hash = $3 where n = $1"
    await log.forge(sql, n, forged.canonical, link(hashes[n - 1], n, forged))
    assert (await log.proof(anchored=False))["broken"] == [finding]


async def test_an_empty_log_is_whole(committed: Committed, tmp_path: Path) -> None:
    log = Log(committed, tmp_path)
    assert await log.seal() == 0
    assert (await log.proof())["broken"] == []
    assert not log.path.exists()


async def test_each_municipality_has_a_chain_of_its_own(log: Log) -> None:
    await log.write(3, id_of("koeln"))
    assert await log.seal() == 3
    heads = await log.admin.fetch("select municipality_id, n from ia.audit_head")
    assert {UUID(int=r["municipality_id"].int): r["n"] for r in heads} == {
        CITY: ROWS,
        id_of("koeln"): 3,
    }
    assert genesis(CITY) != genesis(id_of("koeln"))


async def test_what_the_api_writes_is_sealed_and_proven(
    committed: Committed, tmp_path: Path
) -> None:
    log = Log(committed, tmp_path)
    await committed.make.scene("accepted")
    written = await committed.admin.fetchval("select count(*) from ia.audit_entry")
    assert written > 5
    assert await log.seal() == written
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries, proof["city"].open) == ([], written, 0)
    listed = (await committed.clients.get("lead/officer", "/v1/audit-entries")).json()["items"]
    (newest,) = await committed.admin.fetch(
        "select n, encode(hash, 'hex') as hash from ia.audit_entry where agency_id = $1"
        " order by recorded_at desc, id desc limit 1", id_of("lead"),
    )  # fmt: skip
    assert (listed[0]["sequence"], listed[0]["hash"]) == (newest["n"], newest["hash"])


async def test_two_sealers_at_once_make_one_chain(log: Log) -> None:
    await log.write(300)
    async with log.sealing() as one, log.sealing() as two:
        workers = [Sealer(KEY, Anchor(log.path)) for _ in range(4)]
        done = await asyncio.gather(
            *(seal_round(d, sealer=w) for d, w in zip([one, two] * 2, workers, strict=True))
        )
    assert sum(done) + await log.seal() == 300
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries) == ([], ROWS + 300)


async def test_many_sealers_begin_one_chain(committed: Committed, tmp_path: Path) -> None:
    log = Log(committed, tmp_path)
    await log.write(50)
    async with log.sealing() as one, log.sealing() as two:
        workers = [Sealer(KEY, Anchor(log.path)) for _ in range(2)]
        done = await asyncio.gather(
            seal_round(one, sealer=workers[0]), seal_round(two, sealer=workers[1])
        )
    assert sum(done) + await log.seal() == 50
    assert (await log.proof())["broken"] == []


async def test_a_batch_is_bounded_and_the_rest_follows(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "BATCH", 7)
    await log.write(20)
    assert await log.seal() == 20
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries) == ([], ROWS + 20)


async def test_a_head_that_was_sealed_and_not_anchored_is_anchored_later(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.write(5)

    def full(self: Anchor, lines: bytes) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Anchor, "_append", full)
        with pytest.raises(OSError, match="no space"):
            await log.seal()
    proof = await log.proof()
    assert (proof["city"].entries, proof["city"].anchored) == (ROWS + 5, ROWS)
    assert await log.seal() == 0
    proof = await log.proof()
    assert (proof["broken"], proof["city"].anchored) == ([], ROWS + 5)


async def test_a_line_that_a_crash_tore_harms_nothing(log: Log) -> None:
    size = log.path.stat().st_size
    os.truncate(log.path, size - 40)
    await log.write(2)
    assert await log.seal() == 2
    lines = list(anchor.read(log.path))
    assert [one is None for _, one in lines] == [False, True, False]
    proof = await log.proof()
    assert (proof["broken"], proof["city"].anchored) == ([], ROWS + 2)


def test_an_anchor_repeats_nothing_while_nothing_happens(tmp_path: Path) -> None:
    kept = Anchor(tmp_path / "sub" / "anchor.jsonl")
    at = Head(CITY, 1, bytes(32), _instant())
    one = Signed(at, KEY.key_id, KEY.sign(at))
    assert [kept.keep([one]), kept.keep([one])] == [1, 0]
    assert len(list(anchor.read(tmp_path / "sub" / "anchor.jsonl"))) == 1


def _instant() -> Any:
    from integration_api.kernel import clock

    return clock.now()


NOT_THE_WORKERS = [
    "update ia.audit_entry set canonical = '{}' where id = 1",
    "update ia.audit_entry set hash = null, n = null where id = 1",
    "delete from ia.audit_entry",
    "truncate ia.audit_entry",
    "delete from ia.audit_head",
    "select actor_id from ia.audit_entry",
]


@pytest.mark.parametrize("sql", NOT_THE_WORKERS)
async def test_a_worker_seals_once_and_does_nothing_else(log: Log, sql: str) -> None:
    worker = await asyncpg.connect(log.server.dsn("ia_worker", log.name))
    async with worker.transaction():
        await worker.execute(f"select set_config('app.municipality_id', '{CITY}', true)")
        assert await worker.fetchval("select count(id) from ia.audit_entry") == ROWS
        try:
            async with worker.transaction():
                assert await worker.execute(sql) == "UPDATE 0", "no row is open to it"
        except asyncpg.InsufficientPrivilegeError:
            pass
    await worker.close()
    assert (await log.proof())["broken"] == []


@pytest.mark.parametrize(
    "sql",
    [
        "insert into ia.audit_entry (municipality_id, canonical) values (gen_random_uuid(), '{}')",
        "update ia.audit_entry set hash = hash",
        "delete from ia.audit_entry",
        "update ia.audit_head set n = 1",
        'select * from ia."case"',
        "select * from ia.person",
        "select * from ia.access_record",
        "create table ia.mine (id int)",
    ],
)
async def test_an_auditor_reads_the_chain_and_nothing_else(log: Log, sql: str) -> None:
    auditor = await asyncpg.connect(log.server.dsn("ia_auditor", log.name))
    try:
        assert await auditor.fetchval("select count(*) from ia.audit_entry") == ROWS
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
        ):
            await auditor.execute(sql)
        await auditor.execute("set default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.execute(sql)
    finally:
        await auditor.close()


@pytest.mark.parametrize(
    "sql",
    [
        "update ia.audit_entry set canonical = '{}'",
        "update ia.audit_entry set hash = null, n = null",
        "delete from ia.audit_entry where n = 1",
        "truncate ia.audit_entry",
    ],
)
async def test_a_slip_of_the_very_owner_is_refused_by_a_trigger(log: Log, sql: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="sealed once and never changed"):
        await log.admin.execute(sql)
