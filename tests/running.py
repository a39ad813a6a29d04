"""One real demo for the run: a process of its own, on a free port, with real commits."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

PROGRAM = Path(sys.executable).with_name("integration-api")
START_SECONDS = 60
STOP_SECONDS = 30


def environment(**settings: str) -> dict[str, str]:
    """A child's environment: ours without our own settings, and these."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("INTEGRATION_API_")}  # noqa: TID251 - a child's environment, not a setting
    return ours | {f"INTEGRATION_API_{name}": value for name, value in settings.items()}


class Demo:
    """`integration-api serve --demo --with-worker` in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ia-demo-"))
        self.folder.chmod(0o755)  # as root, PostgreSQL runs as another account
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "log"
        self.start()

    def environment(self, **settings: str) -> dict[str, str]:
        """What makes a command work on this demo."""
        own = {"DATA_DIR": str(self.folder), "CREDENTIAL_CACHE_SECONDS": "0"}
        own |= {"CALLER_RATE": "100000000/second", "ADDRESS_RATE": "100000000/second"}
        return environment(**(own | {"LOG_LEVEL": "warning"} | settings))

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        command = [str(PROGRAM), "serve", "--demo", "--with-worker", f"--port={self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while not self._ready():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end, self.log.read_text("utf-8")
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Stop it and delete its folder."""
        if self.process.poll() is None:
            self.interrupt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command of ours on this demo's data."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    @property
    def credentials(self) -> Path:
        """The file with the keys."""
        return self.folder / "demo" / "credentials.json"

    def key(self, name: str) -> str:
        """The key of an office, or of a desk in it."""
        read = json.loads(self.credentials.read_text("utf-8"))
        return str((read["keys"] | read["roles"])[name])

    def request(self, who: str | None, method: str, path: str, **kw: Any) -> httpx.Response:
        """One request with the key of `who`, or with a key itself."""
        key = who if who is None or who.startswith("ia_") else self.key(who)
        headers = kw.pop("headers", {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        return httpx.request(method, self.url + path, headers=headers, timeout=20, **kw)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


@lru_cache(maxsize=1)
def demo() -> Demo:
    """The one demo of the run, started when a test first asks for it."""
    made = Demo()
    atexit.register(made.end)
    return made
