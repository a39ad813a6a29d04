"""PgBouncer as docs/operations.md tells to set it up, in front of the server of the tests."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration_api.postgres.launcher import PORT, LocalPostgres

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PASSWORD = "a password of the tests"
POOL = 4


def said() -> str:
    """The file as the page has it."""
    (block,) = re.findall(
        r"^```ini\n(.*?\[pgbouncer\].*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(block)


def set_up(server: LocalPostgres, name: str, port: int, folder: Path) -> str:
    """The page's file with the addresses of the test, and a pool of four."""
    text = said()
    for told, here in (
        ("host=db.example.org dbname=integration", f"host={server.sock} port={PORT} dbname={name}"),
        ("listen_port = 6432", f"listen_port = {port}"),
        ("/etc/pgbouncer/userlist.txt", str(folder / "userlist.txt")),
        ("default_pool_size = 20", f"default_pool_size = {POOL}"),
        ("server_tls_sslmode = verify-full\n", ""),  # a Unix socket has none
    ):
        assert told in text, told
        text = text.replace(told, here)
    return text


@dataclass(frozen=True)
class Running:
    """The address of ia_app behind a PgBouncer, and its process."""

    address: str
    process: subprocess.Popen[bytes]


@contextmanager
def pgbouncer(server: LocalPostgres, name: str, folder: Path) -> Iterator[Running]:
    """A PgBouncer that runs until the block ends."""
    assert PROGRAM is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # as root, it runs as another account
    (folder / "userlist.txt").write_text(f'"ia_app" "{PASSWORD}"\n', "utf-8")
    (folder / "pgbouncer.ini").write_text(set_up(server, name, port, folder), "utf-8")
    who = server.owner  # it alone may open the server's socket, and root may not run a pooler
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, str(folder / "pgbouncer.ini")],
            stderr=log,
            user=who and who.pw_uid,
            group=who and who.pw_gid,
            extra_groups=[] if who else None,
        )
    try:
        _await(port, process, folder / "log")
        word = PASSWORD.replace(" ", "%20")
        yield Running(f"postgresql://ia_app:{word}@127.0.0.1:{port}/integration", process)
    finally:
        process.terminate()
        process.wait(10)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.02)
        else:
            return


def version() -> str:
    """Such as `1.18.0`."""
    assert PROGRAM is not None
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


TIMES = int(os.environ.get("CHAOS_TRANSACTIONS", "400"))  # noqa: TID251 - `make chaos` may ask for more
