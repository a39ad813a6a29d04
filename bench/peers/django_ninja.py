"""The same three operations on Django and django-ninja: no key, no policies, no record, no outbox.

Runs in an environment of its own (`requirements.lock`), so it knows our tables by their names only.
`x-agency` says who asks; it logs in as superuser, whom no policy binds.
"""

import json
import os
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, urlparse
from uuid import UUID, uuid4

import django
from django.conf import settings

dsn = urlparse(os.environ["BENCH_DSN"])
where = parse_qs(dsn.query)
CITY, ACTIONS = os.environ["BENCH_CITY"], json.loads(os.environ["BENCH_ACTIONS"])
settings.configure(
    SECRET_KEY="bench",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": dsn.path[1:],
            "USER": dsn.username,
            "HOST": where["host"][0],
            "PORT": where["port"][0],
            "CONN_MAX_AGE": None,
            "OPTIONS": {"options": f"-c app.municipality_id={CITY} -c jit=off -c search_path=ia"},
        }
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import Field, NinjaAPI, Schema  # noqa: E402
from pydantic import PlainSerializer  # noqa: E402


class Case(models.Model):
    """A case."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    municipality_id = models.UUIDField(default=CITY)
    reference = models.TextField()
    lead_agency_id = models.UUIDField()
    concerns = models.JSONField()
    status = models.TextField(default="clarification")
    outcome = models.TextField(null=True)
    reason = models.TextField(null=True)
    closed_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        """Ours."""

        managed, app_label, db_table = False, "bench", "case"


class Participant(models.Model):
    """One person in a case."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    municipality_id = models.UUIDField(default=CITY)
    case = models.ForeignKey(Case, models.DO_NOTHING, related_name="people")
    lead_agency_id = models.UUIDField()
    person_id = models.UUIDField()
    role = models.TextField()
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        """Ours."""

        managed, app_label, db_table = False, "bench", "case_participant"
        ordering = ("created_at", "id")


class Number(models.Model):
    """A number of the case in another system; its real key has four columns."""

    value = models.TextField(primary_key=True)
    agency_id = models.UUIDField()
    system = models.TextField()
    case = models.ForeignKey(Case, models.DO_NOTHING, related_name="numbers")

    class Meta:
        """Ours."""

        managed, app_label, db_table = False, "bench", "case_external_id"


class Access(models.Model):
    """Who sees which case."""

    agency_id = models.UUIDField(primary_key=True)
    case = models.ForeignKey(Case, models.DO_NOTHING, related_name="seen_by")
    sort_at = models.DateTimeField()

    class Meta:
        """Ours."""

        managed, app_label, db_table = False, "bench", "case_access"


def _text(at: datetime) -> str:
    """Whole: Django's own encoder would cut off what is below a millisecond."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


Instant = Annotated[datetime, PlainSerializer(_text)]


class ConcernOut(Schema):
    """What a case is about."""

    life_area: str
    topic: str


class ParticipantOut(Schema):
    """One person in it."""

    id: UUID
    person_id: UUID
    role: str
    created_at: Instant


class NumberOut(Schema):
    """A number of the case in another system."""

    system: str
    value: str


class CaseOut(Schema):
    """A case."""

    id: UUID
    reference: str
    lead_agency_id: UUID
    status: str
    outcome: str | None
    reason: str | None
    concerns: list[ConcernOut]
    life_areas: list[str]
    participants: list[ParticipantOut] = Field(alias="found")
    external_ids: list[NumberOut]
    assigned_member_ids: list[UUID] = []
    allowed_actions: list[str]
    opened_at: Instant = Field(alias="created_at")
    closed_at: Instant | None
    updated_at: Instant


class CasePage(Schema):
    """One page."""

    items: list[CaseOut]


class ParticipantIn(Schema):
    """A person to be taken in."""

    person_id: UUID
    role: str


class CaseIn(Schema):
    """A case to be opened."""

    participants: list[ParticipantIn]
    concerns: list[ConcernOut]
    external_ids: list[str] = []


api = NinjaAPI()


def seen(request: Any, one: Case) -> Case:
    """A case with what its answer needs beside its columns."""
    one.found, own = list(one.people.all()), request.headers["x-agency"]
    one.external_ids = [n for n in one.numbers.all() if str(n.agency_id) == own]
    one.life_areas = sorted({concern["life_area"] for concern in one.concerns})
    one.allowed_actions = ACTIONS[one.status] if str(one.lead_agency_id) == own else []
    return one


@api.get("/v1/cases/{id}", response=CaseOut)
def get_case(request: Any, id: UUID) -> Case:
    """One case."""
    return seen(request, Case.objects.prefetch_related("people", "numbers").get(id=id))


@api.get("/v1/cases", response=CasePage)
def list_cases(request: Any, limit: int = 50) -> dict[str, Any]:
    """The first page."""
    ids = Access.objects.filter(agency_id=request.headers["x-agency"]).order_by(
        "-sort_at", "-case_id"
    )
    loaded = ("case__people", "case__numbers")
    page = [a.case for a in ids.select_related("case").prefetch_related(*loaded)[:limit]]
    return {"items": [seen(request, one) for one in page]}


@api.post("/v1/cases", response={201: CaseOut})
def open_case(request: Any, body: CaseIn) -> tuple[int, Case]:
    """A new case with its participants."""
    now, lead = datetime.now(UTC), request.headers["x-agency"]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select ia.next_case_reference(%s)", [now.year])
            number = cursor.fetchone()[0]
        one = Case.objects.create(
            reference=number,
            lead_agency_id=lead,
            concerns=[concern.dict() for concern in body.concerns],
            created_at=now,
            updated_at=now,
        )
        Participant.objects.bulk_create(
            Participant(case=one, lead_agency_id=lead, created_at=now, **given.dict())
            for given in body.participants
        )
    return 201, seen(request, one)


urlpatterns = [path("", api.urls)]
app = get_wsgi_application()
