"""The quick start works as pasted: what the page shows is run, against a demo that runs."""

import re
import subprocess
import sys
from functools import lru_cache
from html import unescape

import httpx
import pytest

from integration_api.portal import start
from tests.running import demo

BLOCK = re.compile(
    r'<pre [^>]*data-step="(\w+)" data-language="(\w+)"><code>(.*?)</code></pre>', re.DOTALL
)
PROGRAMS = {"curl": ["bash", "-euo", "pipefail"], "python": [sys.executable]}


@lru_cache(maxsize=1)
def blocks() -> dict[tuple[str, str], str]:
    """The code of the page by step and language, as a browser shows it."""
    page = httpx.get(f"{demo().url}/docs/quick-start?lang=en", timeout=20).text
    return {(step, language): unescape(code) for step, language, code in BLOCK.findall(page)}


def pasted(language: str) -> str:
    """All steps in one language, one after the other."""
    return "\n\n".join(blocks()[step, language] for step in start.STEPS) + "\n"


def test_the_page_has_every_step_in_every_language() -> None:
    assert set(blocks()) == {(step, name) for step in start.STEPS for name in start.LANGUAGES}
    assert [code for code in blocks().values() if re.search(r"\{\{\w+\}\}", code)] == []


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_steps_work_as_pasted(language: str) -> None:
    done = subprocess.run(
        PROGRAMS[language], input=pasted(language),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "/problems/" not in done.stdout, done.stdout
    assert "wuppertal" in done.stdout.lower()
    assert "sent" in done.stdout
    assert "assessment" in done.stdout
    assert "referral.sent" in done.stdout


def test_a_step_that_does_not_work_would_be_seen() -> None:
    broken = pasted("curl").replace('"core", "case_notes"', '"core", "gossip"')
    assert broken != pasted("curl")
    done = subprocess.run(
        PROGRAMS["curl"], input=broken, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0 or "/problems/" in done.stdout
