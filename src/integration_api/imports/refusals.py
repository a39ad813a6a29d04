"""The problems of imports."""

from integration_api.jobs.refusals import EndsJob
from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.problems import Problem

ROOM = Guard(
    "imports_started",
    "Der Zugang hat zu viele Importe, die nicht begonnen sind.",
    "The client has too many imports that were not started.",
)
NOT_STARTED = Guard(
    "import_not_started",
    "Der Import ist schon begonnen.",
    "The import was started already.",
)
PARTS_THERE = Guard(
    "import_parts_there",
    "Der Import hat keine Teile, oder es fehlt einer davor.",
    "The import has no parts, or one before the others is missing.",
)


class ImportTooFaulty(Problem, EndsJob, slug="import-too-faulty"):
    """So many lines are wrong that it is likely the wrong file, or the wrong mapping."""
