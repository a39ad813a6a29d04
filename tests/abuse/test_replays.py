"""Stored answers are sealed for their caller and its rights; the table alone tells nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from integration_api.app import create_app
from integration_api.edge.vault import Vault
from tests.cast import id_of
from tests.conftest import SECRET, SETTINGS, Committed

OTHER = b"the secret that came after, as long as HKDF wants"
NAME = "Verschlossen"
BODY: dict[str, Any] = {"name": {"kind": "mononym", "mononym": NAME}}
DESK = "lead/worker_1"
KEY = "sealed-0001"


async def create(committed: Committed, who: str = DESK) -> Any:
    """The same request again and again."""
    return await committed.clients.post(who, "/v1/persons", BODY, key=KEY)


async def effects(committed: Committed) -> int:
    """How many persons came of it."""
    found: int = await committed.admin.fetchval("select count(*) from ia.person")
    return found


async def change(committed: Committed, sql: str, *given: Any) -> None:
    """Change rights as the operator, and let the process look everybody up again."""
    assert await committed.admin.execute(sql, *given) == "UPDATE 1"
    committed.app.state.credentials.forget()


def is_sealed(answer: Any) -> bool:
    """409 that says so and nothing of the answer."""
    assert NAME not in answer.text
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/stored-answer-sealed")
    return True


async def test_what_is_stored_is_no_text(committed: Committed) -> None:
    first = await create(committed)
    [row] = await committed.admin.fetch("select * from ia.idempotency_key")
    assert row["status"] == 201
    assert len(row["body"]) == len(first.content) + 28, "nonce and tag"
    stored = repr(dict(row))
    assert NAME not in stored
    assert NAME.encode().hex() not in row["body"].hex()
    assert (await create(committed)).content == first.content


async def test_an_answer_kept_as_it_is_would_be_text(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin."""
    monkeypatch.setattr(committed.app.state.vault, "seal", lambda plain, _: plain)
    await create(committed)
    body = await committed.admin.fetchval("select body from ia.idempotency_key")
    assert NAME.encode() in body


MEMBER, AGENCY = id_of("lead", "worker_1", "member"), id_of("lead")
CLIENT = id_of("lead", "worker_1")
RIGHTS = {
    "other roles": ("update ia.member set roles = '{case_manager}' where id = $1", MEMBER),
    "another unit": ("update ia.agency set type = 'youth_office' where id = $1", AGENCY),
    "a scope less": (
        "update ia.api_client set scopes = array_remove(scopes, 'cases:write') where id = $1",
        CLIENT,
    ),
    "a purpose less": (
        "update ia.api_client set purposes = '{case_management}' where id = $1",
        CLIENT,
    ),
}


@pytest.mark.parametrize("change_of", RIGHTS.values(), ids=RIGHTS)
async def test_after_a_change_of_rights_a_repetition_has_no_effect_and_shows_nothing(
    committed: Committed, change_of: tuple[str, Any]
) -> None:
    assert (await create(committed)).status_code == 201
    await change(committed, *change_of)
    assert is_sealed(await create(committed))
    assert await effects(committed) == 1


async def test_without_the_rights_in_the_seal_the_repetition_would_show_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: bound to key and request alone."""
    monkeypatch.setattr(committed.app.state.vault, "rights", lambda _: b"")
    await create(committed)
    await change(committed, *RIGHTS["another unit"])
    assert NAME in (await create(committed)).text


async def test_the_scope_of_the_request_itself_gone_is_403(committed: Committed) -> None:
    await create(committed)
    await change(
        committed, "update ia.api_client set scopes = '{cases:read}' where id = $1", CLIENT
    )
    answer = await create(committed)
    assert (answer.status_code, NAME in answer.text) == (403, False)


@pytest.mark.parametrize("table", ["api_key", "api_client"])
async def test_a_revoked_caller_is_401_for_a_repetition_too(
    committed: Committed, table: str
) -> None:
    await create(committed)
    column, ended = ("client_id", CLIENT) if table == "api_key" else ("id", CLIENT)
    await change(committed, f"update ia.{table} set revoked_at = now() where {column} = $1", ended)
    assert (await create(committed)).status_code == 401


async def test_rights_that_come_back_open_it_again(committed: Committed) -> None:
    first = await create(committed)
    await change(committed, *RIGHTS["other roles"])
    assert is_sealed(await create(committed))
    await change(committed, "update ia.member set roles = '{case_worker}' where id = $1", MEMBER)
    assert (await create(committed)).content == first.content


async def test_a_key_used_for_another_agency_is_another_request(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member of two agencies of one municipality has one identity there, and two views."""
    find = committed.app.state.credentials.find
    await create(committed)

    async def elsewhere(text: str, acting: str | None = None) -> Any:
        from dataclasses import replace

        return replace(await find(text, acting), agency_id=id_of("jobcenter"))

    monkeypatch.setattr(committed.app.state.credentials, "find", elsewhere)
    answer = await create(committed)
    assert (answer.status_code, answer.json()["title"]) == (422, "Idempotency key reused")


async def test_an_answer_opens_while_its_secret_is_the_previous_one_and_not_after(
    committed: Committed,
) -> None:
    first = await create(committed)
    committed.app.state.vault = Vault(OTHER, SECRET)
    assert (await create(committed)).content == first.content
    committed.app.state.vault = Vault(OTHER)
    assert is_sealed(await create(committed))
    assert await effects(committed) == 1


def test_the_settings_name_the_previous_secret() -> None:
    settings = SETTINGS.model_copy(update={"previous_secret_key": SecretStr(OTHER.decode())})
    vault = create_app(settings, dsn="", secret=SECRET).state.vault
    assert vault.open(Vault(OTHER).seal(b"a", b"b"), b"b") == b"a"
    assert Vault(SECRET).open(vault.seal(b"a", b"b"), b"b") == b"a", "the present one seals"
    alone = create_app(SETTINGS, dsn="", secret=SECRET).state.vault
    assert alone.open(Vault(OTHER).seal(b"a", b"b"), b"b") is None


@pytest.mark.parametrize(
    "spoil",
    ["'\\x'", "'\\x00'", "set_byte(body, 20, get_byte(body, 20) # 1)", "substr(body, 1, 40)"],
    ids=["empty", "one byte", "one bit", "cut"],
)
async def test_an_altered_answer_is_not_shown(committed: Committed, spoil: str) -> None:
    await create(committed)
    await committed.admin.execute(f"update ia.idempotency_key set body = {spoil}")
    assert is_sealed(await create(committed))


async def test_a_stored_answer_put_under_another_key_does_not_open(committed: Committed) -> None:
    await create(committed)
    other = {"name": {"kind": "mononym", "mononym": "Anders"}}
    assert (
        await committed.clients.post(DESK, "/v1/persons", other, key="sealed-0002")
    ).status_code == 201
    await committed.admin.execute(
        "update ia.idempotency_key set body = (select body from ia.idempotency_key where key = $1)"
        " where key = 'sealed-0002'",
        KEY,
    )
    answer = await committed.clients.post(DESK, "/v1/persons", other, key="sealed-0002")
    assert is_sealed(answer)


@given(st.binary(), st.binary(), st.binary())
def test_a_vault_opens_what_it_sealed_and_nothing_else(
    plain: bytes, binding: bytes, other: bytes
) -> None:
    sealed = Vault(SECRET).seal(plain, binding)
    assert Vault(OTHER, SECRET).open(sealed, binding) == plain
    assert Vault(OTHER).open(sealed, binding) is None
    assert Vault(SECRET).open(sealed, binding + b"x" + other) is None
    assert Vault(SECRET).open(other, binding) is None
    assert Vault(SECRET).seal(plain, binding) != sealed
