"""serve, worker and the demo's commands: what they refuse, and what Ctrl-C leaves behind."""

import asyncio
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from integration_api.cli import place
from integration_api.demo.house import id_of
from integration_api.kernel import clock
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from tests.cli.commands import SECRET, Outcome, command
from tests.running import PROGRAM, demo, environment

JOBCENTER = "wuppertal-jobcenter"


@asynccontextmanager
async def old_postgres(version: str) -> AsyncIterator[str]:
    """The first words of a server of that version, as its protocol has them; its address.

    Source: PostgreSQL, Frontend/Backend Protocol, message formats R, S, K and Z.
    """

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            length = int.from_bytes(await reader.readexactly(4))
            code = int.from_bytes((await reader.readexactly(length - 4))[:4])
            if code >> 16 == 3:  # the start-up message; before it came the question for TLS
                break
            writer.write(b"N")
        said = {"server_version": version, "client_encoding": "UTF8"}
        said |= {"standard_conforming_strings": "on"}
        words = [b"".join(w.encode() + b"\0" for w in pair) for pair in said.items()]
        for kind, body in [
            (b"R", bytes(4)), *((b"S", w) for w in words), (b"K", bytes(8)), (b"Z", b"I")
        ]:  # fmt: skip
            writer.write(kind + (len(body) + 4).to_bytes(4) + body)
        await reader.read(1)  # whatever is asked: that was all we know
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://ia_app@127.0.0.1:{port}/x"


@pytest.mark.parametrize(
    "arguments",
    [["serve"], ["serve", "--with-worker"], ["migrate"], ["worker"], ["client", "list"]],
)
async def test_a_server_below_17_is_refused_in_one_sentence(arguments: list[str]) -> None:
    async with old_postgres("16.4") as url:
        urls = {f"{name}DATABASE_URL": url for name in ("", "WORKER_", "MIGRATION_")}
        outcome = await command(*arguments, SECRET_KEY=SECRET, **urls)
    assert outcome.code == 1
    assert outcome.err == (
        "PostgreSQL 17 or newer is needed, and this server is PostgreSQL 16.4:"
        " upgrade it, or name another one\n"
    )


async def test_version_17_is_not_refused_for_its_version() -> None:
    async with old_postgres("17.0") as url:
        outcome = await command("serve", SECRET_KEY=SECRET, DATABASE_URL=url)
    assert outcome.err.startswith("the connection to the database was lost")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "INTEGRATION_API_SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "at least 32 characters"),
        ({"SECRET_KEY": SECRET, "PREVIOUS_SECRET_KEY": "short"}, "PREVIOUS_SECRET_KEY"),
        ({"SECRET_KEY": SECRET}, "cannot be reached"),
        ({"SECRET_KEY": SECRET, "DATABASE_URL": "nonsense:pa55"}, "cannot be read"),
        ({"SECRET_KEY": SECRET, "DATABASE_URL": ""}, "set to nothing"),
        ({"POOL_SIZE": "many"}, "INTEGRATION_API_POOL_SIZE"),
        ({"SECRET_KEY_FILE": "/nonexistent/key"}, "cannot be read"),
    ],
)
async def test_serve_refuses_what_it_cannot_serve_with(
    variables: dict[str, str], named: str
) -> None:
    nobody = {"DATABASE_URL": "postgresql://ia_app@127.0.0.1:1/x"}
    outcome = await command("serve", **(nobody | variables))
    assert outcome.code == 1
    assert named in outcome.err
    assert "pa55" not in outcome.err
    assert len(outcome.err.splitlines()) == 1


async def test_a_worker_needs_an_address_of_its_own(server: LocalPostgres) -> None:
    url = server.dsn("ia_app", "tmpl")
    outcome = await command("serve", "--with-worker", DATABASE_URL=url, SECRET_KEY=SECRET)
    assert outcome.code == 1
    assert "INTEGRATION_API_WORKER_DATABASE_URL" in outcome.err
    alone = await command("worker")
    assert alone.code == 1
    assert "serve --with-worker" in alone.err


def test_a_second_start_on_the_same_data_says_so() -> None:
    second = demo().command("serve", "--demo", "--port", "0")
    assert second.returncode == 1
    assert second.stdout == ""
    (sentence,) = second.stderr.splitlines()
    assert "is in use by another process" in sentence


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data folder of nobody's."""
    folder = tmp_path_factory.mktemp("second")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # as root, PostgreSQL runs as another account
    return str(folder)


def test_a_port_in_use_is_named_and_the_data_can_be_used_at_once_after(second: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo().command("serve", f"--port={port}", DATA_DIR=second)
    assert done.returncode == 1
    (*_, sentence) = done.stderr.splitlines()
    assert f"127.0.0.1:{port} cannot be listened on" in sentence
    assert "--port" in sentence
    again = demo().command("migrate", DATA_DIR=second)
    assert (again.returncode, "the database is at revision" in again.stdout) == (0, True)


def test_ctrl_c_ends_with_zero_and_keeps_keys_and_data() -> None:
    running = demo()
    person = {"name": {"kind": "mononym", "mononym": "Muster-Kept"}}
    made = running.request(JOBCENTER, "POST", "/v1/persons", json=person)
    key, before = running.key(JOBCENTER), running.log.stat().st_size
    assert running.interrupt() == 0
    assert "Traceback" not in running.log.read_text("utf-8")[before:]
    began = time.monotonic()
    running.start()
    assert time.monotonic() - began < 15
    assert running.key(JOBCENTER) == key
    assert running.request(key, "GET", f"/v1/persons/{made.json()['id']}").json() == made.json()


@pytest.mark.parametrize("seconds", [0.3, 0.7])
def test_ctrl_c_while_starting_ends_without_a_traceback(second: str, seconds: float) -> None:
    starting = subprocess.Popen(
        [PROGRAM, "serve", "--port=0"],
        env=environment(DATA_DIR=second),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(seconds)
    starting.send_signal(signal.SIGINT)
    _, said = starting.communicate(timeout=30)
    assert starting.returncode in (0, 130)
    assert "Traceback" not in said


def test_the_demo_prints_its_keys_and_three_calls_for_this_port() -> None:
    printed = demo().log.read_text("utf-8")
    assert demo().key(JOBCENTER) in printed
    calls = re.findall(r"curl -s '(\S+)'", printed)
    assert len(calls) % 3 == 0
    assert all(url.startswith(demo().url) for url in calls)


async def test_a_first_start_migrates_when_the_other_thread_has_loaded(
    server: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    async def migrate(_: str) -> bool:
        steps.append("migrate")
        return True

    monkeypatch.setattr(place, "DATABASE", "first_start")
    monkeypatch.setattr(schema, "migrate", migrate)
    await place.provide(server, lambda: steps.append("loaded"))
    assert steps == ["loaded", "migrate"]


async def on_demo(*arguments: str) -> Outcome:
    """A command on the data of the demo that runs."""
    return await command(*arguments, DATA_DIR=str(demo().folder))


def statuses() -> list[str]:
    """States of the referrals that came to the Jobcenter."""
    path = "/v1/referrals?direction=incoming&limit=100"
    return [r["status"] for r in demo().request(JOBCENTER, "GET", path).json()["items"]]


def until_nothing_is_sent(patience: float = 10) -> None:
    """Wait for the worker."""
    end = time.monotonic() + patience
    while "sent" in statuses():
        assert time.monotonic() < end
        time.sleep(0.2)


async def test_the_demos_clock_lets_referrals_expire_and_a_reset_puts_everything_back() -> None:
    running, days = demo(), clock.today() + timedelta(days=30)
    key = running.key(JOBCENTER)
    assert "sent" in statuses()
    moved = await on_demo("demo", "advance", "--to", f"{days}")
    assert f"reads {days}" in moved.out
    await asyncio.to_thread(until_nothing_is_sent)
    back = await on_demo("demo", "advance", "--to", f"{days - timedelta(days=1)}")
    assert back.code == 1
    assert "only goes ahead" in back.err
    assert (await on_demo("seed", "demo", "--reset")).code == 0
    assert "sent" in statuses()
    assert running.key(JOBCENTER) == key
    people = running.request(JOBCENTER, "GET", "/v1/persons").json()["items"]
    assert "Muster-Kept" not in {p["name"]["mononym"] for p in people}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "either"),
        (["--days", "1", "--to", "2030-01-01"], "either"),
        (["--to", "x"], "x is not a day"),
    ],
)
async def test_a_clock_needs_one_aim(options: list[str], named: str) -> None:
    refused = await on_demo("demo", "advance", *options)
    assert refused.code == 1
    assert named in refused.err


async def test_administration_reaches_the_running_demo() -> None:
    running = demo()
    new = ["--name", "Neu", "--scope", "cases:read", "--purpose", "case_management"]
    made = await on_demo("client", "create", "--agency", JOBCENTER, *new)
    key = re.findall(r"ia_demo_\w+", made.out)[0]
    assert running.request(key, "GET", "/v1/cases").status_code == 200
    client = re.findall(r"client (\S+)", made.out)[0]
    assert (await on_demo("client", "revoke", client)).code == 0
    assert running.request(key, "GET", "/v1/cases").status_code == 401


async def test_a_dump_brings_back_what_was_there(tmp_path: Path, second: str) -> None:
    file = str(tmp_path / "all.dump")
    assert (await on_demo("db", "dump", file)).code == 0
    refused = await on_demo("db", "restore", file)
    assert refused.code == 1
    assert "stop it" in refused.err
    run = demo().command
    restored = await asyncio.to_thread(run, "db", "restore", file, DATA_DIR=second)
    assert restored.returncode == 0, restored.stderr
    listed = await asyncio.to_thread(run, "client", "list", DATA_DIR=second)
    assert str(id_of(JOBCENTER, "client")) in listed.stdout
