"""What is asked in each row, for whom, what may be reached, and which answers are equal."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from knobs import uid
from wire import Client

STYLES = ("limit", "ours", "session")
OURS = ("ours",)
BESIDE = ("limit", "ours")
LARGE, SMALL, RECEIVING, MOVING = 1, 39, 40, range(2, 13)
"""Agencies of `seed.sql`: sees 7 % of the cases, sees 400, accepts, some that move tracks."""

MASKED = {"id", "reference", "case_id", "case_reference", "person_id", "disclosure_id"}
MASKED |= {"sender_agency_id"}
"""Members that differ between two creates, or between two referrals; instants do as well."""


@dataclass
class Row:
    """One line of the table: what is asked, what may be reached, what was measured."""

    name: str
    ask: Callable[["Questions", str], bytes]
    target_p10: float
    target_cpu: float | None
    trips: int
    beside_session: float = 1.5
    beside: int = 2
    """Which row of the table it is measured beside, among those that have no limit."""
    styles: tuple[str, ...] = STYLES
    times: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    non_2xx: int = 0


@dataclass
class Questions:
    """Requests as bytes: visible rows only, a fresh referral for each acceptance."""

    keys: dict[int, str]
    cases: list[str]
    persons: list[str]
    waiting: Iterator[str]
    tandems: list[str]
    unbegun: Iterator[tuple[str, int]]
    last: int
    """The number of the last event."""
    deep: str = ""
    told: str = ""
    end: str = ""
    serial: int = 0

    def request(
        self, method: str, path: str, agency: int = LARGE, body: Any = None, **headers: str
    ) -> bytes:
        """One request as bytes; `x-agency` is all that the limit knows of who asks."""
        sent = {
            "host": "127.0.0.1",
            "authorization": f"Bearer {self.keys[agency]}",
            "x-agency": uid("a", agency),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            sent |= {"content-length": str(len(content))}
        if body is not None:
            sent |= {"content-type": "application/json"}
        lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in sent.items()), "", ""]
        return "\r\n".join(lines).encode() + content

    def case(self, _: str) -> bytes:
        """One case, own or disclosed."""
        return self.request("GET", f"/v1/cases/{random.choice(self.cases)}")  # noqa: S311

    def agency(self, _: str) -> bytes:
        """One agency of the directory."""
        return self.request("GET", f"/v1/agencies/{uid('a', random.randint(1, 40))}")  # noqa: S311

    def page(self, _: str) -> bytes:
        """The first page of the agency that sees much."""
        return self.request("GET", "/v1/cases?limit=50")

    def page_of_few(self, _: str) -> bytes:
        """The first page of the agency that sees 400."""
        return self.request("GET", "/v1/cases?limit=50", SMALL)

    def walk(self, client: Client) -> None:
        """Find the page at row 2,000 by walking there."""
        self.deep = "/v1/cases?limit=50"
        for _ in range(40):
            _, _, body = client.ask(self.deep_page(""))
            cursor = json.loads(body)["page"]["next_cursor"]
            self.deep = f"/v1/cases?limit=50&cursor={cursor}"

    def follow(self, client: Client) -> None:
        """Take two places in the feed: behind the first event, and behind the last one."""
        found = []
        for asked in ("limit=1", "after=latest"):
            _, _, body = client.ask(self.request("GET", f"/v1/changes?{asked}"))
            found.append(json.loads(body)["page"]["next_cursor"])
        self.told, self.end = found

    def events(self, _: str, limit: int = 50, **more: str) -> bytes:
        """A page of the feed with as many events as it takes."""
        path = f"/v1/changes?after={self.told}&limit={limit}"
        return self.request("GET", path, x_page=f"1 {limit}", **more)

    def many_events(self, style: str) -> bytes:
        """The largest page, which the limit builds from columns."""
        return self.events(style, 200, x_columns="1")

    def no_events(self, _: str) -> bytes:
        """A look where nothing follows."""
        path = f"/v1/changes?after={self.end}"
        return self.request("GET", path, x_page=f"{self.last} 50")

    def deep_page(self, _: str) -> bytes:
        """The page at row 2,000."""
        return self.request("GET", self.deep)

    def tandem(self, _: str) -> bytes:
        """A tandem case that the agency leads or works on."""
        return self.request("GET", f"/v1/tandem-cases/{random.choice(self.tandems)}")  # noqa: S311

    def profile(self, _: str) -> bytes:
        """A placement track that nobody has begun yet."""
        tandem, agency = next(self.unbegun)
        path = f"/v1/tandem-cases/{tandem}/placement-track/start-profiling"
        return self.request("POST", path, agency, if_match='"1"')

    def eligibility(self, _: str) -> bytes:
        """All seven topics for a person in the asylum procedure, as stated; nothing is stored."""
        facts = {
            "status_code": "gestattung_ae",
            "asylum_registered_on": "2026-08-10",
            "procedure_flags": [],
            "nationalities": ["ir"],
            "born_on": "1990-01-01",
            "able_to_work": True,
        }
        return self.request("POST", "/v1/eligibility-checks", body={"facts": facts})

    def create(self, _: str) -> bytes:
        """A case with one participant."""
        self.serial += 1
        person = random.choice(self.persons)  # noqa: S311
        body = {
            "participants": [{"person_id": person, "role": "client"}],
            "concerns": [{"life_area": "language", "topic": "language_course"}],
            "external_ids": [],
        }
        key = f"bench-{self.serial:06d}"
        return self.request("POST", "/v1/cases", body=body, idempotency_key=key)

    def accept(self, _: str) -> bytes:
        """One referral that nobody has accepted yet."""
        path = f"/v1/referrals/{next(self.waiting)}/accept"
        return self.request("POST", path, RECEIVING, if_match='"2"')


def table() -> list[Row]:
    """The rows beside the limit, with their targets."""
    return [
        Row("GET case, logged, durable", Questions.case, 3.3, 3.0, 3, beside_session=1.7),
        Row("GET agency", Questions.agency, 2.2, 2.4, 3),
        Row("list 50 cases, first page", Questions.page, 2.5, 2.4, 3),
        Row("POST case", Questions.create, 1.9, 2.1, 3),
        Row("POST accept", Questions.accept, 1.9, 2.3, 4),
        Row("feed, page of 50", Questions.events, 2.5, 2.4, 2, styles=BESIDE),
        Row("feed, nothing new", Questions.no_events, 2.2, 2.4, 1, styles=BESIDE),
        Row("feed, 200 ÷ built from columns", Questions.many_events, 0.5, None, 2, styles=BESIDE),
    ]


def depths() -> list[Row]:
    """The rows beside our own first page."""
    return [
        Row("list 50 at row 2,000 ÷ first page", Questions.deep_page, 1.15, None, 3),
        Row("list 50, sees 400 ÷ sees 7 %", Questions.page_of_few, 1.2, None, 3),
        Row("GET tandem case ÷ GET case", Questions.tandem, 1.5, None, 3, beside=0, styles=OURS),
        Row(
            "eligibility check, all topics ÷ GET case",
            *(Questions.eligibility, 10.0, 10.0, 3),
            beside=0,
            styles=OURS,
        ),
        Row("move a track ÷ POST accept", Questions.profile, 1.3, None, 4, beside=4, styles=OURS),
    ]


def essence(body: bytes, *, changes: bool) -> Any:
    """What must be equal: all but the cursors; ids and instants of changes by their presence.

    The limit asks for no visibility, so it leaves nothing out: `redactions` are not compared.
    """
    read = json.loads(body)
    read.pop("page", None)
    for one in (read, *read.get("items", ())):
        one.pop("redactions", None)
    return _masked(read) if changes else read


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    unlike = {n for n, v in value.items() if v and (n in MASKED or n.endswith("_at"))}
    return {n: "…" if n in unlike else _masked(v) for n, v in value.items()}
