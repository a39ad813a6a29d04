"""The issuer's keys: rotated, flooded with unknown names, away, slow, and nonsense."""

import asyncio
import secrets
import time

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from integration_api.identity import jwks
from integration_api.identity.credentials import credentials
from integration_api.identity.jwks import keys_of
from integration_api.kernel.settings import Settings
from tests.cast import ISSUER, KEYS, id_of
from tests.clients import Clients
from tests.issuer import AUDIENCE, Issuer, ec_key
from tests.login import Login


async def test_a_new_key_is_taken_after_one_fetch_and_the_old_one_is_out(login: Login) -> None:
    old = login.issuer.token()
    assert await login.status(old) == 200
    first = login.issuer.keys[0]
    login.issuer.keys = [ec_key("k2")]
    login.monotonic.move(jwks.LEAST)
    assert await login.status(login.issuer.token()) == 200
    assert login.issuer.asked == 2
    assert await login.status(login.issuer.token(key=first)) == 401


async def test_fifty_unknown_keys_cause_one_fetch(login: Login) -> None:
    assert await login.status(login.issuer.token()) == 200
    login.monotonic.move(jwks.LEAST)
    flood = [login.issuer.token(key=ec_key(secrets.token_hex(8))) for _ in range(50)]
    answers = await asyncio.gather(*(login.status(token) for token in flood))
    assert set(answers) == {401}
    assert login.issuer.asked == 2
    assert await login.status(login.issuer.token()) == 200
    assert login.issuer.asked == 2


async def test_without_the_interval_every_unknown_key_would_fetch(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin of the flood."""
    monkeypatch.setattr(jwks, "LEAST", 0.0)
    for _ in range(5):
        assert await login.status(login.issuer.token(key=ec_key(secrets.token_hex(8)))) == 401
    assert login.issuer.asked == 5


async def test_keys_serve_on_while_the_issuer_is_away_but_not_for_ever(login: Login) -> None:
    assert await login.status(login.issuer.token()) == 200
    login.issuer.down = True
    for hours in (1, 10, 12.9):
        login.monotonic.move(hours * 3600)
        assert await login.status(login.issuer.token()) == 200
        await asyncio.sleep(0)
    login.monotonic.move(600)
    assert await login.status(login.issuer.token()) == 401
    login.issuer.down = False
    login.monotonic.move(jwks.LEAST)
    assert await login.status(login.issuer.token()) == 200


async def test_keys_are_asked_for_anew_beside_the_request(login: Login) -> None:
    assert await login.status(login.issuer.token()) == 200
    login.issuer.delay = 0.05
    login.monotonic.move(jwks.FRESH)
    began = time.perf_counter()
    assert await login.status(login.issuer.token()) == 200
    assert time.perf_counter() - began < 0.05, "a known key waits for nobody"
    await asyncio.sleep(0.15)
    assert login.issuer.asked == 2


async def test_a_slow_issuer_costs_one_deadline(login: Login) -> None:
    login.wire(seconds=0.1)
    login.issuer.delay = 5
    began = time.perf_counter()
    tokens_ = [login.issuer.token() for _ in range(10)]
    answers = await asyncio.gather(*(login.status(token) for token in tokens_))
    assert set(answers) == {401}
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "answer",
    [b"", b"no json", b"[]", b'{"keys": 1}', b'{"keys": "x"}', b" " * 70_000, b"\xff"],
    ids=["nothing", "text", "a list", "a number", "keys as text", "70 KB", "bad UTF-8"],
)
async def test_an_answer_that_is_no_key_set_changes_nothing(login: Login, answer: bytes) -> None:
    assert await login.status(login.issuer.token()) == 200
    login.issuer.answer = answer
    login.monotonic.move(jwks.FRESH)
    assert await login.status(login.issuer.token(key=ec_key("k7"))) == 401
    assert login.issuer.asked == 2
    assert await login.status(login.issuer.token()) == 200


async def test_a_discovery_document_of_another_issuer_is_not_believed(login: Login) -> None:
    login.issuer.name = "https://evil.example.org"
    assert await login.status(login.issuer.token()) == 401
    assert login.issuer.asked == 0


async def test_a_key_published_for_signing_verifies_all_the_same(login: Login) -> None:
    login.issuer.extra = {"key_ops": ["sign"], "ext": True}
    assert await login.status(login.issuer.token()) == 200
    published = login.issuer.keys[0].as_dict(private=False) | login.issuer.extra
    as_it_is, token = ECKey.import_key(published), login.issuer.token()
    with pytest.raises(JoseError):  # the known-bad twin: the set as it was published
        jwt.decode(token, as_it_is, algorithms=["ES256"])


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the short key below
def test_what_cannot_verify_a_signature_is_left_out() -> None:
    good = ec_key("k1").as_dict(private=False)
    short = RSAKey.generate_key(1024, parameters={"kid": "r"}).as_dict(private=False)
    secret = {"kty": "oct", "kid": "s", "k": "c2VjcmV0"}
    others = [secret, short, good | {"use": "enc", "kid": "e"}, good | {"kid": 7}, {}, 1, None]
    others += [good | {"x": "!", "kid": "b"}, {"kty": "EC", "kid": "c"}, {"kty": [], "kid": "d"}]
    assert list(keys_of({"keys": [*others, good]})) == ["k1"]
    assert not keys_of({"keys": [ec_key("p").as_dict(private=True)]})["p"].is_private


async def test_the_settings_wire_it(app: FastAPI, clients: Clients) -> None:
    issuer, pool = Issuer(), app.state.db.pool
    settings = Settings(oidc_issuer=ISSUER, public_url=AUDIENCE)
    wired = credentials(pool, settings, issuer.outgoing()._http._transport)
    app.state.credentials = wired
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    assert (await clients.get(None, "/v1/me", headers=headers)).status_code == 200
    assert (await clients.get("lead", "/v1/me")).status_code == 200
    wired.forget()
    assert (await wired.find(KEYS["lead/machine"].key)).agency_id == id_of("lead")
    await wired.close()
