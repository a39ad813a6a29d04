"""The problems of jobs: what a request is refused with, and why a job failed."""

from functools import lru_cache

from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.problems import Language, Problem

ROOM = Guard(
    "jobs_finished",
    "Der Zugang hat zu viele Aufträge, die nicht beendet sind.",
    "The client has too many jobs that are not over.",
)


class JobExpired(Problem, slug="job-expired"):
    """The job, and what it made, is past its term."""


class EndsJob(Exception):  # noqa: N818 - says what it does
    """Beside the type of a problem: a job's work raises it, and the job has failed with it."""


class JobRightsEnded(Problem, EndsJob, slug="job-rights-ended"):
    """The client that asked may no longer do what the job does."""


class JobGaveUp(Problem, EndsJob, slug="job-gave-up"):
    """The job was tried as often as it may be, and never came to its end."""


@lru_cache(maxsize=8)
def shown(public_url: str, lang: Language) -> dict[str, dict[str, object]]:
    """Why a job may have failed, as its answer says it, by slug. Source: RFC 9457 § 3.1."""
    german = lang == "de"
    kinds = [one.type for one in Problem.__subclasses__() if issubclass(one, EndsJob)]
    return {
        kind.slug: {
            "type": f"{public_url.rstrip('/')}/problems/{kind.slug}",
            "title": kind.title_de if german else kind.title_en,
            "status": kind.status,
            "detail": kind.cause_de if german else kind.cause_en,
        }
        for kind in kinds
    }
