"""What tells a story: calls that are shown and held to an expected status, and a demo to call."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

PROGRAM = Path(sys.executable).with_name("integration-api")
START_SECONDS = 60
PURPOSES = {"data_protection_officer": "data_protection_audit"}
"""What a desk asks for, where it is not a referral."""


class UnexpectedError(Exception):
    """An answer that does not belong into the story."""


class Story:
    """The calls, what they left behind, and the telling."""

    def __init__(
        self, url: str, credentials: Path, names: Mapping[str | None, str], console: Console
    ) -> None:
        read = json.loads(credentials.read_text(encoding="utf-8"))
        self._keys: dict[str, str] = read["keys"] | read["roles"]
        self._http = httpx.Client(base_url=url, timeout=20)
        self._names, self._console = names, console
        self.credentials = credentials
        self.kept: dict[str, Any] = {}
        self.calls = 0

    def tell(self, text: str) -> None:
        """A sentence of the narrator."""
        self._console.print(f"  {escape(text)}", highlight=False, soft_wrap=True)

    def title(self, number: int, text: str) -> None:
        """The heading of a scene."""
        self._console.print(f"\n[bold]{number}. {escape(text)}[/bold]", highlight=False)

    def send(
        self,
        who: str | None,
        method: str,
        path: str,
        body: Any = None,
        etag: str | None = None,
        key: str | None = None,
        accept: str = "*/*",
    ) -> httpx.Response:
        """One call as `who`, without a word."""
        headers = {"Accept-Language": "en", "Accept": accept}
        if who:
            headers["Authorization"] = f"Bearer {self._keys[who]}"
            if desk := who.partition("/")[2]:
                headers["Processing-Purpose"] = PURPOSES.get(desk, "referral_handling")
        if etag:
            headers["If-Match"] = etag
        if key:
            headers["Idempotency-Key"] = key
        if isinstance(body, str):
            headers["Content-Type"] = "application/x-ndjson"
        sent = {} if body is None else {"content" if isinstance(body, str) else "json": body}
        return self._http.request(method, path, headers=headers, **sent)

    def show(self, who: str | None, answer: httpx.Response, expected: int) -> None:
        """The call on one line.

        Raises:
            UnexpectedError: the status is another one.
        """
        self.calls += 1
        request = answer.request
        good = answer.status_code == expected
        colour = "green" if good else "red"
        self._console.print(
            f"  [dim]{self._names[who]:>24}[/dim]  {request.method:5} {escape(request.url.path)}"
            f" [bold {colour}]→ {answer.status_code}[/]",
            highlight=False,
            soft_wrap=True,
        )
        if not good:
            raise UnexpectedError(f"expected {expected}, got {answer.status_code}: {answer.text}")

    def call(
        self,
        who: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        expected: int = 200,
        etag: str | None = None,
        key: str | None = None,
        accept: str = "*/*",
    ) -> httpx.Response:
        """One call, shown, whose status must be the expected one."""
        answer = self.send(who, method, path, body, etag, key, accept)
        self.show(who, answer, expected)
        return answer

    def keep(self, name: str, answer: httpx.Response) -> Any:
        """Remember what an answer shows, with its ETag."""
        self.kept[name], self.kept[f"{name}_etag"] = answer.json(), answer.headers["ETag"]
        return self.kept[name]

    def id(self, name: str) -> str:
        """The id of something remembered."""
        return str(self.kept[name]["id"])

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def must(holds: object, sentence: str) -> None:
    """Hold a claim of the story.

    Raises:
        UnexpectedError: it does not hold.
    """
    if not holds:
        raise UnexpectedError(f"not so: {sentence}")


def answers(url: str) -> bool:
    """Whether a service is ready there."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@contextmanager
def own_demo() -> Iterator[tuple[str, Path]]:
    """A demo of our own on a free port, gone afterwards.

    Raises:
        SystemExit: it did not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ia-story-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account
        command = ["env", f"INTEGRATION_API_DATA_DIR={folder}", "INTEGRATION_API_LOG_LEVEL=warning"]
        command += [str(PROGRAM), "serve", "--demo", "--with-worker", f"--port={port}"]
        demo = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + START_SECONDS
            while not answers(url):
                if demo.poll() is not None or time.monotonic() > end:
                    sys.exit("the demo did not start")
                time.sleep(0.1)
            yield url, Path(folder) / "demo" / "credentials.json"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)
