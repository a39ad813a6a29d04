"""What docs/importing.md tells to paste works as pasted, and names the options that there are."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.cli.commands import command
from tests.running import PROGRAM, demo

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pasted(folder: Path) -> str:
    """All blocks to paste, in their order, for the demo that runs; files are in a folder."""
    script = "\n".join(BLOCK.findall(PAGE))
    for told, here in (
        ("/tmp/", f"{folder}/"),  # noqa: S108 - what the page says; first, since the rest is there, too
        ("http://127.0.0.1:8000", demo().url),
        ("var/demo/credentials.json", str(demo().credentials)),
    ):
        assert told in script
        script = script.replace(told, here)
    return script


def test_the_page_works_as_pasted(tmp_path: Path) -> None:
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"  # noqa: TID251 - a child's environment, not a setting
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", pasted(tmp_path)],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
        env=demo().environment() | {"PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"status":"succeeded"' in done.stderr
    counts = json.loads(re.findall(r'"counts":(\{.*?\})', done.stdout)[0])
    assert (counts["created"] + counts["unchanged"], counts["rejected"]) == (2, 1)
    assert '"pointer": "/concerns/0/topic"' in done.stdout
    *_, last = done.stdout.splitlines()
    assert re.fullmatch("created [02], updated 0, unchanged [02], rejected 0", last)


async def test_the_page_names_the_options_of_the_command() -> None:
    helped = (await command("import", "--help")).out
    there = set(re.findall(r"--[a-z-]+", helped)) - {"--help"}
    assert there
    told = set(re.findall(r"--[a-z-]+", PAGE))
    assert there <= told
