"""What can be done with rule packs."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.code_lists.served import tag_of
from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lifecycle import TransitionNotAllowed
from integration_api.kernel.lists import Place
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import Conflict, Finding, GuardNotMet, Unprocessable
from integration_api.kernel.schemas import changes
from integration_api.kernel.statements import Change

from .access import edits, must_edit
from .compiled import findings_in
from .findings import Finding as Flaw
from .lifecycle import EDITORS, RULE_PACK, SECOND_PERSON, SOUND, RulePackStatus
from .schemas import RulePackFilter, RulePackIn, RulePackPatch
from .statements import CONTENT, CREATE, GET, LOCK, SEE, SUPERSEDE, change, list_packs, move

JUDGE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rule-packs")
KEPT_SECONDS = 60
DRAFT = RulePackStatus.DRAFT.value


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One rule pack with its rules.

    Raises:
        NotFound: absent, or a draft of another municipality.
    """
    return _public(tx, resource(await tx.row(GET, id=id, edits=edits(tx.caller))))


async def list_(tx: ReadTx, narrowed: RulePackFilter, place: Place) -> Answer:
    """One page of the rule packs that the caller may see."""
    filters = narrowed.filters()
    statement = list_packs(frozenset(filters), place.direction)
    row = await tx.row(statement, edits=edits(tx.caller), **filters, **place.params)
    return _public(tx, place.answer(row))


async def create(tx: WriteTx, given: RulePackIn) -> Answer:
    """Write a draft of the caller's municipality.

    Raises:
        NotYourMoveProblem: the caller is no rule editor.
        Unprocessable: the engine cannot use the pack; everything that is wrong is named.
        Conflict: the municipality has this version of it already.
    """
    must_edit(tx.caller)
    values = _stored(given.model_dump(mode="python"))
    await _must_be_sound(given.code.value, values)
    id = uuid7()
    row = await _once(tx, CREATE, id=id, code=given.code.value, status=DRAFT, **values)
    return tx.answer(resource(row, status=201, location=f"/v1/rule-packs/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: RulePackPatch, version: int) -> Answer:
    """Change a draft.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        TransitionNotAllowed: it is no draft any more.
        Unprocessable, Conflict: as `create`.
    """
    must_edit(tx.caller)
    values = _stored(changes(patch))
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    if row["status"] != DRAFT:
        here = RulePackStatus(row["status"])
        raise TransitionNotAllowed("change", here.value, RULE_PACK.actions(here, EDITORS))
    await _must_be_sound(row["code"], {**_content(row), **values})
    moved = await _once(tx, change(frozenset(values)), id=id, **values) if values else None
    return resource(moved or await tx.row(GET, id=id, edits=True))


async def advance(tx: WriteTx, id: UUID, arrow: str, version: int) -> Answer:
    """Fire an arrow; a release supersedes the released pack of its code in this transaction.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, TransitionNotAllowed.
        GuardNotMet: who submitted it releases it, or this version cannot apply it.
        Conflict: another pack of the code is being released.
    """
    must_edit(tx.caller)
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    target = RULE_PACK.target(arrow, RulePackStatus(row["status"]), EDITORS)
    await _guard(arrow, row)
    if target is RulePackStatus.RELEASED:
        await tx.row(SUPERSEDE, code=row["code"], edits=True)
    try:
        return tx.answer(resource(await tx.row(move(arrow), id=id, edits=True)))
    except asyncpg.UniqueViolationError as e:  # of two at once, the one that comes second
        words = ("Eben wurde ein anderes freigegeben.", "Another one has just been released.")
        raise Conflict(Finding("released_meanwhile", *words)) from e


async def _guard(arrow: str, row: Record) -> None:
    """The guards drawn at the arrow, each asked by its name."""
    guards = RULE_PACK[arrow].guards
    if SECOND_PERSON in guards and row["submitted_it"]:
        raise GuardNotMet(SECOND_PERSON)
    if SOUND in guards and await _wrong(row["code"], _content(row)):
        raise GuardNotMet(SOUND)


async def _wrong(code: str, content: Mapping[str, Any]) -> tuple[Flaw, ...]:
    """All that is wrong with a pack; looked for beside the loop, one pack at a time.

    Rules with very many alternatives can take minutes: then this request runs into its deadline,
    and no more than one thread is busy.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(JUDGE, findings_in, code, content)


async def _must_be_sound(code: str, content: Mapping[str, Any]) -> None:
    if found := await _wrong(code, content):
        raise Unprocessable(*(Finding(f.code, f.de, f.en, pointer=f.pointer) for f in found))


def _content(row: Record) -> dict[str, Any]:
    return {n: row[n] for n in CONTENT}


def _stored(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says, by the names of the columns."""
    names = {"version": "pack_version"}
    return {names.get(n, n): value for n, value in given.items() if n != "code"}


async def _once(tx: WriteTx, statement: Change, **values: Any) -> Record | None:
    """Write what only one row may say."""
    try:
        return await tx.row(statement, **({"edits": True} | values))
    except asyncpg.UniqueViolationError as e:
        words = ("Gibt es in dieser Kommune schon.", "The municipality has it already.")
        raise Conflict(Finding("taken", *words, pointer="/version")) from e


def _public(tx: ReadTx, answer: Answer) -> Answer:
    """Who has no key may keep it for a while; what a key sees is the caller's own."""
    if tx.caller is ANONYMOUS:
        answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Vary"] = "Authorization"
    answer.headers.setdefault("ETag", tag_of(bytes(answer.body)))
    return answer
