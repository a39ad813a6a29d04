"""`audit verify` and `audit public-key`: prove the audit log whole, with what an auditor has."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from integration_api.kernel.settings import Settings

from .base import RefusalError, configuration, refuse, run, say
from .place import Place, connect, reached

if TYPE_CHECKING:
    from integration_api.audit.keys import Verifier
    from integration_api.audit.verify import Anchors, Chain

BROKEN = 3
audit = typer.Typer(no_args_is_help=True, help="The audit log: who changed what.")
Keys = Annotated[
    list[Path] | None,
    typer.Option("--public-key", metavar="FILE", help="Key of the heads (PEM); repeatable."),
]


@audit.command("public-key")
def public_key() -> None:
    """Print the public key of the heads, for an auditor to keep."""
    from integration_api.audit.keys import public_pem, signer

    say(public_pem(signer(configuration()).public).rstrip())


@audit.command("verify")
def verify(
    anchor: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Anchor file; without one a cut tail can go unseen."),
    ] = None,
    public_keys: Keys = None,
) -> None:
    """Prove every entry as it was sealed. Exit 0: whole, 1: not looked at, 3: broken, and where."""
    settings = configuration()
    keys = verifier(settings, public_keys or [])
    anchors = anchors_in(anchor, keys)  # first: what is anchored by now is in the snapshot below
    with reached(settings) as place:
        chains = run(verified(place, keys, anchors))
    for chain in chains:
        _tell(chain)
    for finding in anchors.broken:
        say(f"BROKEN  {finding}")
    if anchors.torn:
        say(f"        {anchors.torn} torn lines in the anchor, as a crash leaves them: not used")
    if anchor is None:
        say("        without --anchor: that nobody cut the end and put an older head back is open")
    if anchors.broken or any(chain.broken for chain in chains):
        raise typer.Exit(BROKEN)
    say(f"whole: {sum(chain.entries for chain in chains)} entries in {len(chains)} chains")


def verifier(settings: Settings, paths: list[Path]) -> "Verifier":
    """The keys of these files, or that of the settings."""
    from integration_api.audit.keys import KeyMissingError, Verifier, public_of, signer

    try:
        given = [public_of(path.read_text(encoding="utf-8")) for path in paths]
    except (OSError, UnicodeDecodeError) as error:
        raise RefusalError(f"a public key cannot be read: {error}") from error
    if not given:
        with suppress(KeyMissingError):
            given = [signer(settings).public]
    if not given:
        refuse("name the key of the heads with --public-key: `audit public-key` prints it")
    return Verifier(given)


def anchors_in(path: Path | None, keys: "Verifier") -> "Anchors":
    """The heads of an anchor file."""
    from integration_api.audit.anchor import read
    from integration_api.audit.verify import Anchors, anchors_of

    if path is None:
        return Anchors()
    try:
        return anchors_of(read(path), keys)
    except OSError as error:
        raise RefusalError(f"the anchor cannot be read: {error}") from error


async def verified(place: Place, keys: "Verifier", anchors: "Anchors") -> "list[Chain]":
    """Every chain, as the auditor's login finds it."""
    from integration_api.audit.verify import verify

    if place.auditor is None:
        refuse("`audit verify` needs INTEGRATION_API_AUDITOR_DATABASE_URL (login ia_auditor)")
    connection = await connect(place.auditor)
    try:
        return await verify(connection, keys, anchors)
    finally:
        await connection.close()


def _tell(chain: "Chain") -> None:
    anchored = "" if chain.anchored is None else f", anchored up to {chain.anchored}"
    open_ = f", {chain.open} not sealed since {chain.oldest_open}" if chain.open else ""
    if chain.broken:
        say(f"BROKEN  {chain.municipality_id}: {chain.broken}")
    else:
        say(f"ok      {chain.municipality_id}: {chain.entries} entries{anchored}{open_}")
