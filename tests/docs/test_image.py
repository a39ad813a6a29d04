"""What goes into the container image, as far as it can be proven without a container engine."""

import http.server
import shutil
import subprocess
import sys
import sysconfig
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_api import __version__, healthcheck

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))


def findings(dockerfile: Path) -> list[str]:
    command = [str(SCRIPTS / "hadolint"), "--no-color", str(dockerfile)]
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()


def test_the_dockerfile_is_clean() -> None:
    assert findings(ROOT / "Dockerfile") == []


def test_the_linter_finds_what_is_wrong_with_a_bad_one(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN cd /srv && pip install fastapi\nUSER root\n", "utf-8")
    codes = {line.split()[1].rstrip(":") for line in findings(bad)}
    assert {"DL3006", "DL3013", "DL3002"} <= codes


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (user,) = (line.split()[1] for line in lines if line.startswith("USER "))
    assert all(number.isdigit() and int(number) > 0 for number in user.split(":"))


def test_everything_that_the_image_copies_exists_and_reaches_the_build() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignore, "everything is left out unless it is let in"
    copied = [
        source
        for line in text.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert len(copied) >= 9
    for source in copied:
        assert (ROOT / source).exists(), source
        let_in = (
            f"!{source}" in ignore or f"!{Path(source).parent}/*{Path(source).suffix}" in ignore
        )
        assert let_in, f"{source} is not let in by .dockerignore"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from a copy of what the image copies."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("src", "migrations", "openapi"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / name, ignore=ignore)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (built,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_the_wheel_carries_contract_migrations_types_and_licence(wheel: list[str]) -> None:
    for needed in (
        "integration_api/py.typed",
        "integration_api/_data/openapi/openapi.yaml",
        "integration_api/_data/openapi/openapi.json",
        "integration_api/_data/openapi/openapi.de.yaml",
        "integration_api/_data/openapi/openapi.de.json",
        "integration_api/_data/CHANGELOG.md",
        "integration_api/_data/migrations/env.py",
        "integration_api/_data/migrations/roles.sql",
    ):
        assert needed in wheel
    versions = [n for n in wheel if n.startswith("integration_api/_data/migrations/versions/")]
    assert len(versions) == len(list((ROOT / "migrations" / "versions").glob("*.py")))
    assert any(name.endswith("/licenses/LICENSE") for name in wheel)


def test_the_wheel_carries_nothing_else(wheel: list[str]) -> None:
    assert {name.split("/")[0].rsplit("-", 1)[0] for name in wheel} == {
        "integration_api",
        f"integration_api-{__version__}.dist",
    }
    assert [name for name in wheel if "__pycache__" in name or "node_modules" in name] == []


class Ready(http.server.BaseHTTPRequestHandler):
    """Answers the probe as the test says; anything but the probe's path is absent."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/ready" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class NotReady(Ready):
    status = 503


@pytest.fixture
def listening(request: pytest.FixtureRequest) -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def probe(port: int) -> int:
    command = [sys.executable, "-m", "integration_api.healthcheck"]
    return subprocess.run(command, env={"PORT": str(port)}, capture_output=True).returncode


@pytest.mark.parametrize(
    ("listening", "expected"), [(Ready, 0), (NotReady, 1)], indirect=["listening"]
)
def test_the_probe_tells_whether_the_service_is_ready(listening: int, expected: int) -> None:
    assert probe(listening) == expected


def test_the_probe_fails_where_nothing_listens() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as server:
        free = server.server_port
    assert probe(free) == 1


@pytest.mark.parametrize("listening", [Ready], indirect=True)
def test_the_probe_waits_for_a_start_as_long_as_it_is_told(
    listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ready, "status", 503)
    threading.Timer(0.5, monkeypatch.setattr, (Ready, "status", 200)).start()
    assert not healthcheck.ready_within(listening, 0)
    assert healthcheck.ready_within(listening, 10)


def test_the_probe_gives_up_when_the_seconds_are_over() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Ready) as server:
        free = server.server_port
    assert not healthcheck.ready_within(free, 0.3)


def test_the_probe_loads_nothing_of_the_service() -> None:
    script = (
        "import sys, integration_api.healthcheck;"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in"
        " ('integration_api', 'fastapi', 'pydantic', 'sqlalchemy', 'asyncpg')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["integration_api", "integration_api.healthcheck"]
