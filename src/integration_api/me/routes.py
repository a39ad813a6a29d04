"""`/v1/me`."""

from fastapi import APIRouter, Response

from integration_api.kernel.answers import resource
from integration_api.kernel.db import OwnRead
from integration_api.kernel.operations import operation

from .schemas import MeOut
from .statements import READ_ME

router = APIRouter(prefix="/me", tags=["Me"])


@operation(router, "GET", "", id="getMe", summary="Read who you are", answer=MeOut)
async def get_me(db: OwnRead) -> Response:
    """Municipality, agency, member, rights, and bounded counts of what waits.

    A member of several agencies names one of them in `Acting-Agency`.
    """
    mine = {name: list(getattr(db.caller, name)) for name in ("purposes", "memberships")}
    return resource(await db.row(READ_ME, scopes=sorted(db.caller.scopes), **mine))
