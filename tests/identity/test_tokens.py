"""People and machines log in with a token of the issuer; it says who they are, and nothing else."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey, RSAKey

from integration_api.identity import remembered, tokens
from tests.access.stage import same_but_request
from tests.cast import MACHINE_LOGIN, id_of
from tests.clients import Clients
from tests.issuer import AUDIENCE, Hand, Issuer, SigningKey, b64, ec_key
from tests.login import ALGORITHMS, Login
from tests.make import Make

CASES = "/v1/cases"
WHY = {"Processing_Purpose": "case_management"}


async def test_a_person_acts_for_her_agency_with_the_rights_of_her_roles(login: Login) -> None:
    token = login.issuer.token("person-lead")
    me = (await login.get(token)).json()
    assert (me["agency"]["slug"], me["member"]["roles"]) == ("lead", ["case_worker"])
    assert me["client_id"] == me["member"]["id"] == str(id_of("lead", "person-lead"))
    assert {"cases:write", "members:read"} <= set(me["scopes"])
    assert not {"agencies:write", "members:write", "clients:write"} & set(me["scopes"])
    assert (await login.get(token, CASES, **WHY)).status_code == 200
    assert (await login.get(token, CASES)).json()["title"] == "Purpose missing or not allowed"


async def test_a_role_without_persons_reads_none(login: Login) -> None:
    token = login.issuer.token("person-beko")
    assert (await login.get(token)).json()["scopes"] == []
    refused = await login.get(token, "/v1/persons", Processing_Purpose="advice")
    assert (refused.status_code, refused.json()["missing_scopes"]) == (403, ["persons:read"])


async def test_a_machine_has_what_its_client_has(login: Login) -> None:
    token = login.issuer.token(MACHINE_LOGIN, client_id=MACHINE_LOGIN)
    me = (await login.get(token)).json()
    assert (me["agency"]["slug"], me["member"]) == ("jobcenter", None)
    assert me["scopes"] == ["cases:read", "referrals:read"]
    assert (await login.get(token, CASES)).status_code == 200


@pytest.mark.parametrize("claim", ["client_id", "azp"])
async def test_who_logs_in_through_a_machines_client_is_not_that_machine(
    login: Login, claim: str
) -> None:
    claims: dict[str, Any] = {claim: MACHINE_LOGIN}
    assert await login.status(login.issuer.token("stranger", **claims)) == 401


async def test_claims_give_no_rights(login: Login) -> None:
    token = login.issuer.token(
        "person-beko", scope="cases:read", roles=["agency_admin"], agency_id=str(id_of("lead"))
    )
    me = (await login.get(token)).json()
    assert (me["scopes"], me["agency"]["slug"]) == ([], "jobcenter")


async def test_a_member_of_two_agencies_says_for_which(login: Login) -> None:
    token = login.issuer.token("person-two")
    unsaid = await login.get(token)
    assert (unsaid.status_code, unsaid.json()["title"]) == (400, "Acting agency missing")
    both = {str(id_of("lead")), str(id_of("koeln"))}
    assert set(unsaid.json()["agency_ids"]) == both
    for slug, city, role in (
        ("lead", "wuppertal", "case_worker"),
        ("koeln", "koeln", "case_manager"),
    ):
        me = (await login.get(token, Acting_Agency=str(id_of(slug)))).json()
        assert (me["agency"]["slug"], me["municipality"]["slug"]) == (slug, city)
        assert me["member"]["roles"] == [role]
        assert {m["id"] for m in me["memberships"]} == both
    foreign = await login.get(token, Acting_Agency=str(id_of("jobcenter")))
    absent = await login.get(token, Acting_Agency=str(id_of("nobody")))
    assert same_but_request(foreign) == same_but_request(absent)
    assert foreign.status_code == 403
    assert (await login.get(token, Acting_Agency="x")).status_code == 400
    mine = {"Acting_Agency": str(id_of("lead"))}
    assert (await login.get(token, CASES, **mine, **WHY)).status_code == 200


Bad = Callable[[Issuer], str]
REFUSED: dict[str, Bad] = {
    "expired": lambda i: i.token(exp=i.at(-60)),
    "without an end": lambda i: i.token(exp=None),
    "an end that is no number": lambda i: i.token(exp=str(i.at(300))),
    "not yet valid": lambda i: i.token(nbf=i.at(600)),
    "issued in the future": lambda i: i.token(iat=i.at(600)),
    "for another audience": lambda i: i.token(aud="https://other.example.org"),
    "for nobody": lambda i: i.token(aud=None),
    "for an empty list": lambda i: i.token(aud=[]),
    "of another issuer": lambda i: i.token(iss="https://login.example.org"),
    "without an issuer": lambda i: i.token(iss=None),
    "without a subject": lambda i: i.token(sub=None),
    "a subject that is no text": lambda i: i.token(sub=17),
    "a subject with NUL": lambda i: i.token("person-lead\x00"),
    "a subject that is too long": lambda i: i.token("x" * 256),
    "an unknown subject": lambda i: i.token("stranger"),
    "an id token": lambda i: i.token(header={"typ": "JWT"}),
    "without a type": lambda i: i.token(header={"typ": None}),
    "a type that is no text": lambda i: raw(i, {"typ": 1}),
    "without a key's name": lambda i: i.token(header={"kid": None}),
    "an unknown key": lambda i: i.token(key=ec_key("k9")),
    "another key of that name": lambda i: i.token(key=ec_key("k1")),
    "a critical header": lambda i: raw(i, {"crit": ["exp"], "exp": 1}),
    "alg none": lambda i: i.forged("none", None),
    "alg None": lambda i: i.forged("None", None),
    "HS256 with the public key": lambda i: i.forged("HS256", public_pem(i)),
    "HS256 with the x of the key": lambda i: i.forged("HS256", public_x(i)),
    "an algorithm that is not allowed": lambda i: i.token(header={"alg": "RS384"}, key=rsa(i)),
    "an algorithm of another kind of key": lambda i: raw(i, {"alg": "RS256"}),
    "too long": lambda i: i.token(jti="x" * 8192),
    "a changed claim": lambda i: changed_payload(i),
    "a cut signature": lambda i: i.token()[:-8],
    "no signature": lambda i: i.token().rpartition(".")[0] + ".",
    "two parts": lambda i: i.token().rpartition(".")[0],
    "four parts": lambda i: i.token() + ".x",
    "five parts, encrypted": lambda _: ".".join([b64(b'{"alg":"dir","enc":"A128GCM"}'), *"abcd"]),
    "garbage": lambda _: "garbage",
    "dots": lambda _: "...",
    "not base64": lambda _: "%%%.%%%.%%%",
    "a header that is no object": lambda _: f"{b64(b'[1]')}.e30.e30",
    "a deep header": lambda _: f"{b64(b'[' * 380)}.e30.e30",
    "a deep payload": lambda i: deep(i),
    "letters beyond ASCII": lambda i: i.token() + "\u00e4",
}


def raw(issuer: Issuer, head: dict[str, object]) -> str:
    """A token whose header the library would not write."""
    good = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"} | head
    _, payload, signature = issuer.token().split(".")
    return f"{b64(json.dumps(good).encode())}.{payload}.{signature}"


def deep(issuer: Issuer) -> str:
    """A payload of brackets."""
    header, _, signature = issuer.token().split(".")
    return f"{header}.{b64(b'[' * 5000)}.{signature}"


def changed_payload(issuer: Issuer) -> str:
    """Somebody else's name under a good signature."""
    header, _, signature = issuer.token().split(".")
    _, payload, _ = issuer.token("person-admin").split(".")
    return f"{header}.{payload}.{signature}"


def rsa(issuer: Issuer) -> RSAKey:
    """A published RSA key."""
    key = RSAKey.generate_key(2048, parameters={"kid": "r1"})
    issuer.keys = [key]
    return key


def public_pem(issuer: Issuer) -> bytes:
    """What everybody may read of the key, as a file."""
    return issuer.keys[-1].as_pem(private=False)


def public_x(issuer: Issuer) -> bytes:
    """What everybody may read of the key, as a number."""
    return str(issuer.keys[-1].as_dict(private=False)["x"]).encode()


async def test_every_bad_token_gets_the_same_401(login: Login) -> None:
    nobody = same_but_request(await login.clients.get(None, "/v1/me"))
    unknown_key = same_but_request(await login.get("ia_test_00000000_" + "0" * 72))
    assert nobody == unknown_key
    for name, bad in REFUSED.items():
        login.issuer.keys = [ec_key("k1")]
        login.wire()
        assert await login.status(login.issuer.token()) == 200, name
        login.monotonic.move(20)
        answer = await login.get(bad(login.issuer))
        assert same_but_request(answer) == nobody, name


async def test_without_an_issuer_a_token_is_like_an_unknown_key(clients: Clients) -> None:
    answer = await clients.get(
        None, "/v1/me", headers={"Authorization": f"Bearer {Issuer().token()}"}
    )
    assert same_but_request(answer) == same_but_request(await clients.get(None, "/v1/me"))


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSAKey.generate_key(2048, parameters={"kid": "r"}), "RS256"),
        (RSAKey.generate_key(2048, parameters={"kid": "r"}), "PS256"),
        (OKPKey.generate_key("Ed25519", parameters={"kid": "o"}), "Ed25519"),
    ],
    ids=["RS256", "PS256", "Ed25519"],
)
async def test_the_allowed_algorithms_are_taken(login: Login, key: SigningKey, alg: str) -> None:
    login.issuer.keys = [key]
    assert await login.status(login.issuer.token(header={"alg": alg})) == 200
    assert await login.status(login.issuer.token(header={"typ": "application/at+JWT"})) == 200


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # its old name is deprecated
async def test_eddsa_under_its_old_name_is_taken(login: Login) -> None:
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "o"})
    login.issuer.keys = [key]
    head = {"alg": "EdDSA", "typ": "at+jwt", "kid": "o"}
    claims = login.issuer.claims("person-lead")
    token = jwt.encode(head, claims, key, algorithms=["EdDSA"], default_type=None)
    assert await login.status(token) == 200


async def test_a_verifier_that_believes_the_header_takes_the_forged_token(login: Login) -> None:
    """The known-bad twin: without the allow-list the public key is a password."""
    forged = login.issuer.forged("HS256", public_x(login.issuer))
    believed = OctKey.import_key(public_x(login.issuer))
    assert jwt.decode(forged, believed, algorithms=["HS256"]).claims["sub"] == "person-lead"
    with pytest.raises(JoseError):
        jwt.decode(forged, believed, algorithms=ALGORITHMS)
    assert await login.status(forged) == 401


async def test_clocks_may_differ_by_half_a_minute(login: Login) -> None:
    now = int(time.time())
    assert await login.status(login.issuer.token(exp=now - 20)) == 200
    assert await login.status(login.issuer.token(nbf=now + 20)) == 200
    assert await login.status(login.issuer.token(aud=["https://x.example.org", AUDIENCE])) == 200


async def test_a_verified_token_is_cached_for_seconds_and_never_beyond_its_end(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Hand(time.time())
    login.wire(now=now)
    token, short = login.issuer.token(), login.issuer.token(exp=int(now()) + 5 - tokens.LEEWAY)
    assert [await login.status(t) for t in (token, short)] == [200, 200]
    calls = 0
    decode = jwt.decode

    def counted(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        return decode(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(jwt, "decode", counted)
    assert await login.status(token) == 200
    assert calls == 0, "no signature was checked"
    now.move(6)
    assert await login.status(short) == 401
    now.move(25)
    assert (await login.status(token), calls) == (200, 2)


async def test_the_cache_does_not_grow_for_ever(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "KEPT", 3)
    for _ in range(5):
        assert await login.status(login.issuer.token()) == 200
    assert len(login.app.state.credentials.tokens._cache._found) == 3


async def _update(login: Login, sql: str, subject: str) -> None:
    connection = login.app.state.db.pool.connection
    await connection.execute(
        "select set_config('app.municipality_id', $1, true), set_config('app.agency_id', $2, true)",
        str(id_of("wuppertal")), str(id_of("lead")),
    )  # fmt: skip
    tag = await connection.execute(f"update ia.member set {sql} where subject = $1", subject)
    assert tag == "UPDATE 1"


async def test_who_is_no_member_any_more_is_out_within_half_a_minute(login: Login) -> None:
    now = Hand(time.time())
    login.wire(now=now)
    token = login.issuer.token(exp=int(now()) + 3600)
    assert await login.status(token) == 200
    await _update(login, "active_to = current_date", "person-lead")
    now.move(29)
    assert await login.status(token) == 200
    now.move(2)
    assert await login.status(token) == 401


async def test_a_changed_role_is_felt_within_half_a_minute(login: Login) -> None:
    now = Hand(time.time())
    login.wire(now=now)
    token = login.issuer.token(exp=int(now()) + 3600)
    assert "cases:write" in (await login.get(token)).json()["scopes"]
    await _update(login, "roles = '{anonymous_advisor}'", "person-lead")
    now.move(31)
    assert (await login.get(token)).json()["scopes"] == []


async def test_two_people_at_one_frontend_share_no_key_and_no_answer(login: Login) -> None:
    body = {"name": {"kind": "mononym", "mononym": "Eins"}}

    async def post(subject: str, **headers: str) -> httpx.Response:
        token = login.issuer.token(subject, client_id="frontend", azp="frontend")
        sent = {"Authorization": f"Bearer {token}", "Processing-Purpose": "case_management"}
        return await login.clients.post(
            None, "/v1/persons", body, key="same-key-0001", headers=sent | headers
        )

    one, again = await post("person-lead"), await post("person-lead")
    other = await post("person-two", **{"Acting-Agency": str(id_of("lead"))})
    assert (one.status_code, one.json()["id"]) == (201, again.json()["id"])
    assert (other.status_code, other.json()["id"] != one.json()["id"]) == (201, True)


async def test_a_read_is_recorded_under_the_member(make: Make, login: Login) -> None:
    person = await make.person()
    path, token = f"/v1/persons/{person.id}", login.issuer.token("person-lead")
    assert (await login.get(token, path, **WHY)).status_code == 200
    record = (await make.connection.fetch("select * from looking.reads()"))[-1]
    member = id_of("lead", "person-lead")
    assert (record["client_id"], record["member_id"]) == (member, member)
    assert (record["operation"], record["purpose"]) == ("getPerson", "case_management")
