"""The contract says the German terms of the glossary, where they are meant and nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_api.contract.parts import Document, pascal
from integration_api.contract.terms import GERMAN, NAME, SHAPES, SOURCE, Term, say_terms, terms
from tests import watch

TWIN = Path(__file__).parents[2] / "openapi" / "openapi.de.json"
NOWHERE = {"agency_ids", "claim", "release", "submit", "supersede"}
"""English names that the contract uses for something else, or for operations alone."""


def schemas(doc: Document) -> Any:
    return doc["components"]["schemas"]


def places(doc: Document) -> Iterator[tuple[str, Document]]:
    """Every schema and every member of one, by what it is called."""
    for name, schema in schemas(doc).items():
        yield name, schema
        for member, node in schema.get("properties", {}).items():
            yield f"{name}.{member}", node


def said(doc: Document) -> dict[str, tuple[str, str | None]]:
    found = places(doc)
    return {at: (node[GERMAN], node.get(SOURCE)) for at, node in found if GERMAN in node}


def test_every_term_that_the_contract_has_a_name_for_stands_in_it() -> None:
    doc = watch.document()
    names = {at.rpartition(".")[2] for at, _ in places(doc)}
    used = {german for german, _ in said(doc).values()}
    for term in terms():
        for name in NAME.findall(term.name):
            if names & {name, *(pascal(name) + shape for shape in SHAPES)} and name not in NOWHERE:
                assert term.german in used, f"{name}: {term.german}"
    assert len(used) > 100


def test_every_place_of_a_term_is_one_of_the_contract() -> None:
    at = {name for name, _ in places(watch.document())}
    there = at | {name.partition(".")[2] for name in at}
    unknown = {place for term in terms() for place in term.at or () if place not in there}
    assert unknown == set()


def test_every_term_of_the_contract_is_in_the_glossary_with_its_source() -> None:
    known = {(term.german, None if term.source == "Text" else term.source) for term in terms()}
    assert set(said(watch.document()).values()) <= known
    marks = json.dumps(watch.document()).count(f'"{GERMAN}"')
    assert marks == len(said(watch.document()))


def test_both_contracts_say_the_same_terms() -> None:
    assert said(json.loads(TWIN.read_text("utf-8"))) == said(watch.document())


@pytest.mark.parametrize(
    ("place", "german"),
    [
        ("TandemCaseOut", "Servicestelle-Tandem"),
        ("CompetenceOut.jurisdiction", "Rechtskreis"),
        ("ApprovalOut", "Zustimmung der Bundesagentur für Arbeit"),
        ("ApprovalOut.deemed_at", "Zustimmungsfiktion"),
        ("CaseOut.reference", "Aktenzeichen"),
        ("ResidencePeriodOut.status_code", "Aufenthaltsstatus"),
        ("ResponsibilityCheckIn.audience", "Wer fragt"),
        ("OfferOut.audiences", "Zielgruppe"),
        ("ReferralOut.preview", "Vorschau"),
        ("PreviewOut", "Vorschau einer Übermittlung"),
        ("Evidence.reference", None),
        ("WebhookAttemptOut.status_code", None),
        ("ParticipantOut.role", None),
        ("DeclarationIn.purpose", None),
        ("DeclarationIn.replaces_id", None),
        ("Problem.agency_ids", None),
    ],
)
def test_a_name_with_two_meanings_has_the_term_of_its_place(place: str, german: str | None) -> None:
    assert dict(places(watch.document()))[place].get(GERMAN) == german


def doors() -> Document:
    return {"components": {"schemas": {"DoorOut": {"properties": {"lock": {}, "door": {}}}}}}


def test_what_is_said_of_one_member_wins_and_own_words_have_no_source() -> None:
    doc = doors()
    door = Term("Tür", "`door`", "", "", "§ 1 TürG")
    lock = Term("Schloss", "`lock`", "", "", "Text")
    bolt = Term("Riegel", "`lock` of a door", "", "", "Text", at=["DoorOut.lock"])
    say_terms(doc, (door, lock, bolt))
    tuer = {GERMAN: "Tür", SOURCE: "§ 1 TürG"}
    members = {"lock": {GERMAN: "Riegel"}, "door": tuer}
    assert schemas(doc) == {"DoorOut": {"properties": members, **tuer}}


def test_two_terms_for_one_place_are_refused() -> None:
    one, other = (Term(german, "`lock`", "", "", "Text") for german in ("Schloss", "Riegel"))
    with pytest.raises(ValueError, match="lock is both Schloss and Riegel"):
        say_terms(doors(), (one, other))
