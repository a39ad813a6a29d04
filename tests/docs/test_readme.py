"""What the README tells to paste works as pasted."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.running import Demo, demo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pasted(running: Demo) -> str:
    """All blocks to paste, in their order, for the demo that runs."""
    script = "\n".join(BLOCK.findall(README))
    assert script.count("http://127.0.0.1:8000") == 1
    assert script.count("var/demo/credentials.json") == 1
    script = script.replace("http://127.0.0.1:8000", running.url)
    return script.replace("var/demo/credentials.json", str(running.credentials))


@pytest.fixture(scope="module")
def answers() -> list[dict[str, object]]:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", pasted(demo())],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [*_documents(done.stderr), *_documents(done.stdout)]


def _documents(text: str) -> list[dict[str, object]]:
    """JSON documents one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    return found


def test_every_call_of_the_readme_is_answered_without_a_problem(
    answers: list[dict[str, object]],
) -> None:
    assert len(answers) == README.count("curl -s ")
    for answer in answers:
        assert "problems" not in str(answer.get("type")), answer


def test_the_calls_of_the_readme_lead_from_a_preview_to_the_person(
    answers: list[dict[str, object]],
) -> None:
    sent, preview, accepted, person = answers[-5:-1]
    assert sent["status"] == preview["status"] == "sent"
    assert preview["person"] is None
    assert preview["redactions"]
    assert accepted["status"] == "accepted"
    assert accepted["person"]
    assert person["id"] == accepted["person_id"]


def test_the_readme_names_commands_and_files_that_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for target in re.findall(r"`?make ([a-z]+)", README):
        assert target in targets
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link
