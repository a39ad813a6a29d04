"""What can be done with residence periods."""

from uuid import UUID

from integration_api.code_lists.service import attributes, must_know, version_of
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import NotFound, NotYourMoveProblem

from .schemas import ResidencePeriodIn
from .statements_periods import CREATE, SEE, list_periods

STATUS_CODES = "residence_status_codes"


async def list_(tx: LoggedReadTx, person_id: UUID, place: Place) -> Answer:
    """One page of a person's residence periods, empty without the compartment `residence`.

    Raises:
        NotFound: the person is absent or not visible.
    """
    row = await tx.row(list_periods(place.direction), person_id=person_id, **place.params)
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)


async def create(tx: WriteTx, person_id: UUID, given: ResidencePeriodIn) -> Answer:
    """Record a period; an immigration office that sees the compartment `residence` may.

    Raises:
        NotFound: the person, or its compartment `residence`, is not visible.
        NotYourMoveProblem: the caller is no agency that issues residence documents, or sees the
            person in an emergency only.
        UnknownReference: a code, the issuing agency or the corrected period does not exist.
    """
    must_know(STATUS_CODES, given.status_code, "/status_code")
    must_know("work_annotations", given.work_annotation, "/work_annotation")
    must_know("residence_sources", given.source, "/source")
    row = await tx.row(SEE, person_id=person_id)
    if row is None:
        raise NotFound
    issues = attributes("agency_types", row["mine"]).get("immigration_office")
    if not (row["residence"] and row["lasting"] and issues):
        raise NotYourMoveProblem
    values = given.model_dump() | {
        "code_list_version": version_of(STATUS_CODES),
        "legal_norm": attributes(STATUS_CODES, given.status_code).get("legal_norm"),
        "controller_agency_id": row["controller_agency_id"],
    }
    made = await tx.row(CREATE, id=uuid7(), person_id=person_id, **values)
    return tx.answer(resource(made, status=201))
