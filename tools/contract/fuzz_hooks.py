"""What the fuzzer's command line calls: cases that fit our rows, and two checks of our own.

`begin` registers them for the whole process: whoever only imports this leaves others alone.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation.meta import TestPhase

from tests.contract.fuzz_cases import Sent
from tests.contract.fuzz_server import Seeds
from tools.contract.fuzz_objects import Stranger

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Run:
    """What one run of the command line knows and counts."""

    seeds: Seeds
    stranger: Stranger | None = None
    cases: Counter[str] = field(default_factory=Counter)
    """By operation."""
    phases: Counter[str] = field(default_factory=Counter)
    linked: int = 0
    """Cases that followed a link."""
    reached: set[str] = field(default_factory=set)
    """Operations that a valid case got a 2xx from."""
    strange: Counter[str] = field(default_factory=Counter)
    followed: set[str] = field(default_factory=set)
    sent: dict[str, Sent] = field(default_factory=dict)

    def before(self, case: Case[Any]) -> None:
        """Make a case fit the rows."""
        sent = Sent(case, self.seeds, self.strange, self.followed)
        self.sent[case.id] = sent
        self.cases[sent.operation] += 1
        self.phases[sent.meta.phase.name] += 1
        self.linked += sent.linked

    def after(self, case: Case[Any], answer: Response) -> None:
        """Learn from an answer which rows have changed and which there are."""
        sent = self.sent[case.id]
        if answer.status_code >= 300:
            return
        if sent.positive:
            self.reached.add(sent.operation)
        if sent.call.method != "GET" and sent.seeded and not sent.linked:
            etag = next(iter(answer.headers.get("etag") or ()), None)
            self.seeds.spend(sent.operation, etag)
        if sent.meta.phase.name == TestPhase.STATEFUL:
            self.followed |= set(ID.findall(answer.content.decode("utf-8", "replace")))


runs: list[Run] = []
"""The one run of this process."""


def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Every case of every phase; not the probes that a check sends itself."""
    if case.meta is not None:
        runs[0].before(case)


def after_call(_: HookContext, case: Case[Any], response: Response) -> None:
    """The same."""
    if case.id in runs[0].sent:
        runs[0].after(case, response)


def rows_are_answered(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """A valid case on rows that are there gets its 2xx, or the rule that forbids it.

    Not in the stateful phase: where links lead, a row may have moved on.
    """
    sent = runs[0].sent.get(case.id)
    if sent is None or sent.meta.phase.name == TestPhase.STATEFUL:
        return
    try:
        sent.judge(response)
    except AssertionError as error:
        raise Failure(
            operation=case.operation.label,
            title="A valid request on rows that are there was refused",
            message=str(error),
        ) from None


def strangers_see_nothing(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """What is there answers a stranger as what is not there does."""
    run = runs[0]
    sent = run.sent.get(case.id)
    if run.stranger is None or sent is None:
        return
    if leak := run.stranger.leak(sent, response):
        raise Failure(
            operation=case.operation.label, title="A stranger can tell what is there", message=leak
        )


def begin(run: Run) -> None:
    """From here on the command line of this process fuzzes for `run`."""
    if not runs:
        for hook in (before_call, after_call):
            schemathesis.hook(hook)
        for check in (rows_are_answered, strangers_see_nothing):
            schemathesis.check(check)
    runs[:] = [run]
