"""Known-bad twins of the matrix: each leak that is built in here must be found by it."""

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

import integration_api
from integration_api.cases import service as cases
from integration_api.cases.documents import answer
from integration_api.cases.models import case
from integration_api.cases.statements import ID
from integration_api.kernel.statements import Personal
from integration_api.postgres.launcher import LocalPostgres
from tests.access.stage import Stage
from tests.access.test_matrix import attempts, prepared, with_policies_alone
from tests.cast import acting, id_of
from tests.conftest import clone

SESSION_WIDE = re.compile(
    r"\bset\s+(?:session\s+)?app\.|set_config\([^)]*,\s*false\s*\)", re.IGNORECASE
)


async def test_with_neither_layer_the_matrix_fails(stage: Stage) -> None:
    call, canaries = await prepared(stage, "getCase")
    async with stage.without_policies():
        found = await with_policies_alone(stage, "getCase", call, canaries, "koeln")
    assert "gets 200" in found[0]
    assert await with_policies_alone(stage, "getCase", call, canaries, "koeln") == []


async def test_a_forgotten_predicate_is_found(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = answer(case).where(case.c.id == ID)
    call, canaries = await prepared(stage, "getCase")
    assert await attempts(stage, "getCase", call, canaries, "other") == []
    monkeypatch.setattr(cases, "GET", Personal("getCase", forgotten))
    found = await attempts(stage, "getCase", call, canaries, "other")
    assert found, "the policies hide it, the service alone does not"
    assert all(f.startswith("service: ") for f in found), found
    assert any(" sees " in f for f in found)


@pytest.mark.parametrize("operation", ["getCase", "getPerson", "listParticipants", "listNotes"])
async def test_a_policy_that_lets_everybody_in_is_found(stage: Stage, operation: str) -> None:
    call, canaries = await prepared(stage, operation)
    assert await with_policies_alone(stage, operation, call, canaries, "koeln") == []
    async with stage.without_policies():
        for table in ("case", "person", "case_participant", "case_note"):
            await stage.connection.execute(
                f'create policy wide on ia."{table}" for select to ia_app using (true)'
            )
    assert await with_policies_alone(stage, operation, call, canaries, "koeln")


async def test_the_former_saw_it_while_it_was_disclosed(stage: Stage) -> None:
    """Otherwise they would be strangers under another name."""
    call, canaries = await prepared(stage, "getCase")
    async with stage.without_policies():
        await stage.connection.execute(
            "update ia.disclosure set valid_to = 'infinity' where recipient_agency_id = $1",
            id_of("expired"),
        )
    seen = await stage.send("expired", call)
    assert seen.status_code == 200
    assert canaries.sing(seen)


async def test_a_view_of_the_owner_would_show_everything(stage: Stage) -> None:
    await prepared(stage, "getCase")
    counts = []
    for how in ("true", "false"):
        async with stage.without_policies():
            await stage.connection.execute(
                f"create or replace view ia.everyone with (security_invoker = {how}) as"
                " select * from ia.person; grant select on ia.everyone to ia_app"
            )
        await stage.connection.execute(acting("koeln"))
        counts.append(await stage.connection.fetchval("select count(*) from ia.everyone"))
    assert counts[0] == 0 < counts[1]


@pytest_asyncio.fixture
async def pooled(
    server: LocalPostgres, stage_name: str, foreign: dict[str, str]
) -> AsyncIterator[asyncpg.Connection]:
    """A connection as a pool lends it, to a database with committed rows."""
    connection = await asyncpg.connect(server.dsn("ia_app", stage_name))
    yield connection
    await connection.close()


async def rows_of_the_next(pooled: asyncpg.Connection, context: str) -> int:
    """What the next borrower of a connection sees after somebody's transaction."""
    await pooled.execute(f"BEGIN;{context}COMMIT")
    seen: int = await pooled.fetchval("select count(*) from ia.person")
    return seen


async def test_a_context_ends_with_its_transaction(pooled: asyncpg.Connection) -> None:
    context = acting("lead").replace(str(id_of("lead")), str(id_of("other")))
    assert await rows_of_the_next(pooled, context) == 0
    # the twin: SET without LOCAL stays on the connection
    assert await rows_of_the_next(pooled, context.replace("SET LOCAL", "SET")) > 0


async def test_an_empty_context_is_no_value(server: LocalPostgres) -> None:
    twin = """create or replace function ia.ctx_agency() returns uuid language sql stable
      as $$ select current_setting('app.agency_id', true)::uuid $$"""
    async with clone(server) as name:
        lent = await asyncpg.connect(server.dsn("ia_app", name))
        assert await rows_of_the_next(lent, acting("lead")) == 0
        assert await lent.fetchval("select ia.ctx_agency()") is None
        admin = await asyncpg.connect(server.dsn("postgres", name))
        await admin.execute(twin)
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await lent.fetchval("select ia.ctx_agency()")
        await admin.close()
        await lent.close()


NOTE = """
insert into ia.case_note (id, municipality_id, case_id, lead_agency_id, agency_id, compartment,
  visibility, text, created_at) values ($1, $2, $3, $4, $5, 'core', 'agency', 'x', now())
"""


async def test_a_reference_to_a_case_of_others_is_refused(stage: Stage) -> None:
    """Foreign keys look past the policies: without `exists` in the INSERT policy it is accepted."""
    call, _ = await prepared(stage, "getCase")
    row = (uuid4(), id_of("wuppertal"), call.ids[0], id_of("lead"), id_of("other"))
    context = acting("lead").replace(str(id_of("lead")), str(id_of("other")))
    await stage.connection.execute(context)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with stage.connection.transaction():
            await stage.connection.execute(NOTE, *row)
    async with stage.without_policies():
        await stage.connection.execute(
            "drop policy case_note_add on ia.case_note; create policy case_note_add on"
            " ia.case_note for insert to ia_app with check (municipality_id ="
            " (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))"
        )
    assert await stage.connection.execute(NOTE, *row) == "INSERT 0 1"


async def test_a_reference_into_another_municipality_is_refused(stage: Stage) -> None:
    call, _ = await prepared(stage, "getCase")
    row = (uuid4(), id_of("koeln"), call.ids[0], id_of("koeln"), id_of("koeln"))
    async with stage.without_policies():  # nobody but the key is asked
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with stage.connection.transaction():
                await stage.connection.execute(NOTE, *row)


def texts() -> list[tuple[str, str]]:
    """Every text in the source, with its file."""
    root = Path(integration_api.__file__).parent
    return [
        (file.name, node.value)
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_no_statement_sets_the_context_of_a_session() -> None:
    found = [(name, text) for name, text in texts() if SESSION_WIDE.search(text)]
    assert found == []
    assert any("SET LOCAL app." in text for _, text in texts())
    for bad in ("SET app.agency_id = 'x'", "select set_config('app.agency_id', $1, false)"):
        assert SESSION_WIDE.search(bad)
