"""`integration-api`: the commands of operators, integrators and the demo.

Commands import what they need when they run: FastAPI alone takes longer than most of them.
"""

import sys

import typer

from . import admin, contract, demo, doctor, serve, tools
from .base import explain

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Integration API: cases and referrals between a municipality's offices.",
)
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(admin.migrate)
app.command()(admin.init)
app.command()(doctor.doctor)
app.add_typer(admin.client, name="client")
app.add_typer(contract.openapi, name="openapi")
app.add_typer(tools.config, name="config")
app.add_typer(tools.db, name="db")
app.add_typer(demo.seed, name="seed")
app.add_typer(demo.demo, name="demo")


def main() -> None:
    """Run a command; an error that is not a fault of ours ends it with one sentence, exit 1."""
    try:
        app()
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        sys.exit(1)
