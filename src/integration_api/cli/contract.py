"""`openapi export` and `openapi check`: the committed contract is what the code says."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .base import refuse, say

FOLDER = Path(__file__).parents[3] / "openapi"
NAMES = ("openapi.yaml", "openapi.json")
Where = Annotated[Path, typer.Option(help="Folder of the contract and its recorded examples.")]

openapi = typer.Typer(no_args_is_help=True, help="The contract.")


@openapi.command()
def export(folder: Where = FOLDER) -> None:
    """Write openapi.yaml and openapi.json anew from the code and the recorded examples."""
    for name, text in _built(folder).items():
        (folder / name).write_bytes(text)
    say(f"wrote {' and '.join(NAMES)} to {folder}")


@openapi.command()
def check(folder: Where = FOLDER) -> None:
    """Exit 1 when the committed contract is not, byte for byte, what the code says."""
    stale = [
        name
        for name, text in _built(folder).items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != text
    ]
    if stale:
        refuse(
            f"{' and '.join(stale)} is not what the code says: run `integration-api openapi export`"
        )
    say("the contract is what the code says")


def _built(folder: Path) -> dict[str, bytes]:
    from integration_api import app
    from integration_api.contract.build import Example

    if not folder.is_dir():
        refuse(f"{folder} is not there: run this in a checkout, or name a --folder")
    recorded = sorted((folder / "examples").glob("*.json"))
    examples = {p.stem: Example(**json.loads(p.read_text(encoding="utf-8"))) for p in recorded}
    return dict(zip(NAMES, app.contract(examples), strict=True))
