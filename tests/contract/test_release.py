"""A release freezes the contract, once, and never one that breaks a promise."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_diff import BASE, BREAKING, SAFE, changed
from tools import release_contract


def folder(at: Path, now: dict[str, Any], version: str, last: str) -> Path:
    """A folder with a contract and the one that was released before it."""
    (at / "released").mkdir()
    texts = {"openapi.yaml": (now, version), f"released/{last}.yaml": (BASE, last)}
    for name, (document, said) in texts.items():
        info = document["info"] | {"version": said}
        (at / name).write_text(yaml.dump(document | {"info": info}), "utf-8")
    (at / "released" / "LATEST").write_text(f"{last}\n", "utf-8")
    return at


def latest(at: Path) -> str:
    return (at / "released" / "LATEST").read_text("utf-8").strip()


@pytest.mark.parametrize("last", ["0.9.0", "1.9.0"])
def test_an_addition_is_frozen_byte_for_byte(tmp_path: Path, last: str) -> None:
    folder(tmp_path, changed(SAFE["new optional member"]), "1.10.0", last)
    assert release_contract.main([str(tmp_path)]) == 0
    assert latest(tmp_path) == "1.10.0"
    frozen = (tmp_path / "released" / "1.10.0.yaml").read_bytes()
    assert frozen == (tmp_path / "openapi.yaml").read_bytes()
    assert release_contract.main([str(tmp_path)]) == 0  # the same once more is nothing new


def test_a_break_is_released_from_0_x_only(tmp_path: Path) -> None:
    for name, last, verdict in (("a", "0.1.0", 0), ("b", "1.0.0", 1)):
        (tmp_path / name).mkdir()
        at = folder(tmp_path / name, changed(BREAKING["shorter string"]), "1.1.0", last)
        assert release_contract.main([str(at)]) == verdict
        assert latest(at) == ("1.1.0" if verdict == 0 else last)
        assert (at / "released" / "1.1.0.yaml").exists() == (verdict == 0)


@pytest.mark.parametrize("version", ["1.2.0", "1.1.9"])
def test_a_version_that_is_not_above_the_last_one_is_refused(tmp_path: Path, version: str) -> None:
    folder(tmp_path, changed(SAFE["new path"]), version, "1.2.0")
    before = (tmp_path / "released" / "1.2.0.yaml").read_bytes()
    assert release_contract.main([str(tmp_path)]) == 1
    assert (tmp_path / "released" / "1.2.0.yaml").read_bytes() == before
    assert latest(tmp_path) == "1.2.0"


def test_what_is_frozen_is_never_written_again(tmp_path: Path) -> None:
    folder(tmp_path, changed(SAFE["new path"]), "1.3.0", "1.2.0")
    (tmp_path / "released" / "1.3.0.yaml").write_text("frozen: before\n", "utf-8")
    assert release_contract.main([str(tmp_path)]) == 1
    assert (tmp_path / "released" / "1.3.0.yaml").read_text("utf-8") == "frozen: before\n"
