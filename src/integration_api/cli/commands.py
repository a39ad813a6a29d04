"""The tree of commands."""

import typer

from . import (
    admin,
    audit,
    backups,
    code_lists,
    contract,
    demo,
    doctor,
    importing,
    members,
    serve,
    tools,
    webhooks,
)

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
app.command("import")(importing.import_)
app.add_typer(admin.client, name="client")
app.add_typer(members.member, name="member")
app.add_typer(webhooks.webhook, name="webhook")
app.add_typer(audit.audit, name="audit")
app.add_typer(code_lists.code_lists, name="code-lists")
app.add_typer(contract.openapi, name="openapi")
app.add_typer(tools.config, name="config")
app.add_typer(backups.db, name="db")
app.add_typer(demo.seed, name="seed")
app.add_typer(demo.demo, name="demo")
