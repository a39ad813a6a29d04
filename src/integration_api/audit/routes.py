"""`/v1/access-records` and `/v1/audit-entries`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.db import LoggedRead
from integration_api.kernel.operations import operation
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import AccessRecordFilter, AccessRecordPage, AuditEntryFilter, AuditEntryPage

router = APIRouter(tags=["Audit"])


@operation(
    router,
    "GET",
    "/access-records",
    id="listAccessRecords",
    summary="List who read whose data",
    answer=AccessRecordPage,
    scope=Scope.AUDIT_READ,
)
async def list_access_records(
    request: Request, db: LoggedRead, narrowed: Annotated[AccessRecordFilter, Query()]
) -> Response:
    """Reads of personal data for the caller's agency and its teams, newest first.

    For the data protection officer alone (role `data_protection_officer`, purpose
    `data_protection_audit`); kept for six months. Reading them is recorded, too.
    """
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_access_records(db, narrowed, place)


@operation(
    router,
    "GET",
    "/audit-entries",
    id="listAuditEntries",
    summary="List who changed what",
    answer=AuditEntryPage,
    scope=Scope.AUDIT_READ,
)
async def list_audit_entries(
    request: Request, db: LoggedRead, narrowed: Annotated[AuditEntryFilter, Query()]
) -> Response:
    """Changes made by the caller's agency and its teams, newest first: ids and codes, no values.

    For the data protection officer alone. `sequence` and `hash` place an entry in the chain of its
    municipality, which `integration-api audit verify` proves whole.
    """
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_audit_entries(db, narrowed, place)
