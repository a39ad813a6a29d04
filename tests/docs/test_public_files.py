"""Licence, catalogue entry and Makefile say what is true."""

import hashlib
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration_api import __version__

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = ("run", "test", "check", "contract", "story", "bench", "chaos", "docs")
LICENCE_SHA256 = "57fb42fbcd0b037ce528ed8f72f1ec095d67bc6825ecf1448ff39be1fe68a4b4"
SERVANTS = ("fmt", "lint", "type", "arch", "migration", "seed", "image", "clean")


@pytest.fixture(scope="module")
def public_code() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    return loaded


def make(*arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}  # noqa: TID251 - a child's environment, not a setting
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_licence_is_the_eupl_to_the_letter() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert text.startswith(b"EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    for article in range(1, 16):
        assert re.search(rf"^{article}\.\s?\S", text.decode(), re.MULTILINE), article
    assert hashlib.sha256(text).hexdigest() == LICENCE_SHA256


def test_package_and_catalogue_name_that_licence_and_version(public_code: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == public_code["legal"]["license"] == "EUPL-1.2"
    assert public_code["softwareVersion"] == __version__
    assert f"{__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_catalogue_entry_keeps_to_its_standard(public_code: dict[str, Any]) -> None:
    assert public_code["softwareType"] == "standalone/backend"
    assert public_code["developmentStatus"] in {"concept", "development", "beta", "stable"}
    assert set(public_code["description"]) == {"en", "de"}
    for text in public_code["description"].values():
        assert len(text["genericName"]) <= 35
        assert len(text["shortDescription"]) <= 150
        assert 500 <= len(text["longDescription"]) <= 10_000
        assert text["features"]
    for contact in public_code["maintenance"]["contacts"]:
        assert contact["email"].endswith("@example.org"), "a role address, nobody's own"


def test_help_names_every_entry_point() -> None:
    named = re.findall(r"^  ([a-z-]+) +\S", make("help"), re.MULTILINE)
    assert set(ENTRY_POINTS + SERVANTS) <= set(named)


@pytest.mark.parametrize("target", ENTRY_POINTS + SERVANTS)
def test_every_entry_point_can_be_planned(target: str) -> None:
    assert make("--dry-run", target, "m=what it does").strip()


def test_ci_runs_the_gate_and_the_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    assert lines[-2:] == ["make check", "make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
