"""What machines read from the portal: lifecycles, contract, catalogue, security.txt."""

import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from integration_api.app import LIFECYCLES, create_app
from integration_api.code_lists.service import lists
from integration_api.kernel.settings import Settings
from integration_api.portal import routes_lifecycles, service
from integration_api.referrals.lifecycle import REFERRAL
from tests.portal.public import reader

CONTRACT = Path(__file__).parents[2] / "openapi"
ARROWS = [(one, arrow) for one in LIFECYCLES for arrow in one.transitions]


async def test_every_lifecycle_is_listed_to_anybody() -> None:
    async with reader() as client:
        body = (await client.get("/v1/lifecycles")).json()
        one = (await client.get("/v1/lifecycles/referral")).json()
    assert [item["name"] for item in body["items"]] == sorted(one.name for one in LIFECYCLES)
    assert one in body["items"]


async def test_a_lifecycle_shows_its_states_and_arrows_as_drawn() -> None:
    async with reader() as client:
        body = (await client.get("/v1/lifecycles/referral")).json()
    assert [s["name"] for s in body["states"]] == [s.value for s in REFERRAL.states]
    assert {s["name"] for s in body["states"] if s["final"]} == {s.value for s in REFERRAL.final}
    assert [s["name"] for s in body["states"] if s["initial"]] == ["draft"]
    decline = next(t for t in body["transitions"] if t["name"] == "decline")
    assert (decline["from"], decline["to"]) == (["sent", "received"], "declined")
    assert decline["labels"] == {"de": "Ablehnen", "en": "Decline"}
    assert decline["reasons"]["code_list"] == "decline_reasons"
    codes = [reason["code"] for reason in decline["reasons"]["codes"]]
    assert codes == list(lists()["decline_reasons"].entries)
    assert {guard["name"] for guard in decline["guards"]} >= {"text_for_other"}


def test_every_arrow_that_a_client_fires_names_its_operation() -> None:
    app = create_app(Settings(), dsn="", secret=b"of a test, long enough for a key")
    found = routes_lifecycles.operations(app)
    fired = {(one.name, a.name) for one, a in ARROWS if a.by != {"system"}}
    assert set(found) == fired
    assert found["referral", "decline"] == {
        "operation_id": "declineReferral",
        "path": "/v1/referrals/{id}/decline",
        "request_schema": "DeclineReferral",
    }
    assert found["referral", "accept"]["request_schema"] is None
    shown = {t["name"]: t for t in service.document(REFERRAL, found)["transitions"]}
    assert shown["decline"]["operation_id"] == "declineReferral"
    assert shown["expire"]["operation_id"] is None


@pytest.mark.parametrize("name", [one.name for one in LIFECYCLES])
async def test_a_drawing_is_a_picture_in_the_readers_language(name: str) -> None:
    path = f"/v1/lifecycles/{name}.svg"
    async with reader() as client:
        german = await client.get(path)
        english = await client.get(f"{path}?lang=en")
        again = await client.get(path, headers={"If-None-Match": german.headers["ETag"]})
    assert german.headers["Content-Type"] == "image/svg+xml"
    assert ET.fromstring(german.text).tag.endswith("svg")  # noqa: S314 - our own picture
    assert german.text != english.text
    assert (german.headers["Content-Language"], english.headers["Content-Language"]) == ("de", "en")
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/lifecycles/nothing", 404),
        ("/v1/lifecycles/nothing.svg", 404),
        ("/v1/lifecycles/referral.png", 404),
        ("/v1/lifecycles/referral.svg?lang=fr", 400),
        ("/v1/lifecycles/referral.svg?bogus=1", 400),
        ("/v1/lifecycles?bogus=1", 400),
        ("/v1/lifecycles/", 404),
    ],
)
async def test_what_is_not_drawn_is_refused(path: str, status: int) -> None:
    async with reader() as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_the_contract_is_served_as_it_is_committed(encoding: str) -> None:
    async with reader() as client:
        sent = {"Accept-Encoding": encoding}
        found = await client.get("/v1/openapi.json", headers=sent)
        text = await client.get("/v1/openapi.yaml", headers=sent)
        again = await client.get(
            "/v1/openapi.json", headers={"If-None-Match": found.headers["ETag"]}
        )
    committed = (CONTRACT / "openapi.json").read_bytes()
    assert hashlib.sha256(found.content).digest() == hashlib.sha256(committed).digest()
    assert text.content == (CONTRACT / "openapi.yaml").read_bytes()
    assert yaml.load(text.text, Loader=yaml.CSafeLoader) == json.loads(found.content)
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert text.headers["Content-Type"] == "application/yaml"
    assert again.status_code == 304
