"""`openapi export` and `openapi check`: the committed contract is what the code says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .base import refuse, say

if TYPE_CHECKING:
    from integration_api.contract.german import Words

FOLDER = Path(__file__).parents[3] / "openapi"
SHOWN = 10
Where = Annotated[Path, typer.Option(help="Folder of the contract and its recorded examples.")]

openapi = typer.Typer(no_args_is_help=True, help="The contract.")


@openapi.command()
def export(folder: Where = FOLDER) -> None:
    """Write the contract, English and German, anew from the code and the recorded examples.

    Texts that have no German yet get an entry in the catalogue, to be filled; what is no longer
    said leaves it.
    """
    files, words, catalogue = _built(folder)
    for path, text in files.items():
        if not path.is_file() or path.read_bytes() != text:
            path.write_bytes(text)
    say(f"wrote {', '.join(path.name for path in files)}")
    if words.missing:
        say(
            f"{len(words.missing)} texts have no German yet: fill them in {catalogue}, run it again"
        )


@openapi.command()
def check(folder: Where = FOLDER) -> None:
    """Exit 1 when the committed contract is not, byte for byte, what the code says.

    Neither is it while a text has no German.
    """
    files, words, catalogue = _built(folder)
    stale = [
        path.name for path, text in files.items() if not path.is_file() or path.read_bytes() != text
    ]
    if stale:
        again = "run `integration-api openapi export`"
        refuse(f"{' and '.join(stale)} is not what the code says: {again}{_lacking(words)}")
    if words.missing:
        refuse(f"fill the empty entries of {catalogue}, then export again{_lacking(words)}")
    say("the contract is what the code says, in English and German")


def _lacking(words: "Words") -> str:
    """The texts that have no German: so many of them as one reads."""
    more = len(words.missing) - SHOWN
    texts = "".join(f"\n  {text}" for text in words.missing[:SHOWN])
    rest = f"\n  and {more} more" if more > 0 else ""
    return f"\nwithout German:{texts}{rest}" if texts else ""


def asked() -> "Words":
    """The catalogue, and the German that stands in the code."""
    from integration_api.app import LIFECYCLES
    from integration_api.checks.schemas import told
    from integration_api.contract import catalogue, german
    from integration_api.rules.facts import FACTS

    return german.Words(catalogue.load(), LIFECYCLES, map(told, FACTS.values()))


def _built(folder: Path) -> tuple[dict[Path, bytes], "Words", Path]:
    """Every generated file, what was asked of the catalogue, and where that lies."""
    from integration_api import app
    from integration_api.contract import catalogue, german
    from integration_api.contract.build import Example, to_json, to_yaml

    if not folder.is_dir():
        refuse(f"{folder} is not there: run this in a checkout, or name a --folder")
    recorded = sorted((folder / "examples").glob("*.json"))
    examples = {p.stem: Example(**json.loads(p.read_text(encoding="utf-8"))) for p in recorded}
    english = app.contract(examples)
    words = asked()
    twin = german.twin(english, words)
    files = {
        folder / f"{name}.{kind}": write(document).encode()
        for name, document in (("openapi", english), ("openapi.de", twin))
        for kind, write in (("yaml", to_yaml), ("json", to_json))
    }
    return files | {catalogue.PATH: catalogue.mended(words)}, words, catalogue.PATH
