"""The systemd units start our commands, closed as far as can be, and stop in their own time."""

import re
import subprocess
from pathlib import Path

import pytest

from integration_api.cli.serve import GRACE_SECONDS
from tests.operations.pgbouncer import PAGE
from tests.operations.shipped import ANALYZE, ROOT, no_settings, unknown
from tests.running import PROGRAM

UNITS = sorted((ROOT / "packaging" / "systemd").glob("*.service"))
BIN = "/opt/integration-api/bin"
EXPOSURE = 1.5
"""Of ten: below it are units that could do next to nothing beyond their work."""
CLOSED = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
}
Unit = list[tuple[str, str]]


def read(path: Path) -> Unit:
    """The lines of a unit; a name may come more than once."""
    text = path.read_text("utf-8")
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def values(unit: Unit, name: str) -> list[str]:
    return [value for key, value in unit if key == name]


def variables(unit: Unit) -> dict[str, str]:
    return dict(v.split("=", 1) for v in values(unit, "Environment"))


@pytest.fixture(params=UNITS, ids=lambda path: path.stem)
def unit(request: pytest.FixtureRequest) -> Unit:
    return read(request.param)


def test_there_is_a_unit_for_each_process() -> None:
    assert {path.stem for path in UNITS} == {
        "integration-api", "integration-api-migrate", "integration-api-worker"
    }  # fmt: skip


def test_a_unit_starts_a_command_that_there_is(unit: Unit) -> None:
    (start,) = values(unit, "ExecStart")
    program, *words = start.split()
    assert program == f"{BIN}/integration-api"
    assert unknown(words) == []


def test_a_unit_names_settings_and_credentials_that_there_are(unit: Unit) -> None:
    named = variables(unit)
    assert no_settings(list(named)) == []
    loaded = {value.partition(":")[0] for value in values(unit, "LoadCredential")}
    used = {v.removeprefix("%d/") for v in named.values() if v.startswith("%d/")}
    assert loaded == used
    secret = {name for name in named if re.search(r"URL|KEY", name) and "PUBLIC" not in name}
    assert all(name.endswith("_FILE") for name in secret), "no secret in an environment"


def test_a_misspelled_unit_would_be_found() -> None:
    """The known-bad twin."""
    assert unknown(["serve", "--hots", "127.0.0.1"]) == ["--hots"]
    assert unknown(["server"]) == ["server"]
    assert no_settings(["INTEGRATION_API_DATABASE_URI_FILE"]) == ["database_uri_file"]


def test_a_unit_is_closed(unit: Unit) -> None:
    assert {name: (values(unit, name) or ["missing"])[-1] for name in CLOSED} == CLOSED


def test_who_stops_has_the_time_it_takes() -> None:
    for path in UNITS:
        unit = read(path)
        if values(unit, "Type") == ["exec"]:
            (stop,) = values(unit, "TimeoutStopSec")
            drain = float(variables(unit).get("INTEGRATION_API_DRAIN_SECONDS", "0"))
            assert float(stop) > drain + GRACE_SECONDS
            assert values(unit, "Restart") == ["on-failure"]


def test_started_means_ready() -> None:
    unit = read(ROOT / "packaging" / "systemd" / "integration-api.service")
    (after,) = values(unit, "ExecStartPost")
    *probe, seconds = after.split()
    assert probe == [f"{BIN}/python", "-m", "integration_api.healthcheck"]
    assert float(seconds) < float(values(unit, "TimeoutStartSec")[0])
    (start,) = values(unit, "ExecStart")
    assert start.endswith(f"--port {variables(unit)['PORT']}")


def test_the_page_names_every_file_that_a_unit_needs() -> None:
    page = PAGE.read_text("utf-8")
    for path in UNITS:
        unit = read(path)
        assert path.name in page or path.stem in page
        for name in values(unit, "LoadCredential"):
            assert f"`{Path(name.partition(':')[2]).name}`" in page


def test_systemd_understands_the_units_and_finds_them_closed(tmp_path: Path) -> None:
    """Where systemd is; their text is looked at above."""
    if ANALYZE is None:
        return
    copies = [tmp_path / path.name for path in UNITS]
    for path, copy in zip(UNITS, copies, strict=True):  # with a program that is there
        copy.write_text(path.read_text("utf-8").replace(BIN, str(PROGRAM.parent)), "utf-8")
    done = subprocess.run([ANALYZE, "verify", *copies], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for copy in copies:
        told = subprocess.run(
            [ANALYZE, "security", "--offline=true", copy], capture_output=True, text=True
        )
        (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", told.stdout)
        assert float(exposure) <= EXPOSURE, told.stdout
