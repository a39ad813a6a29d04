"""How a job begins and ends."""

from enum import StrEnum

from integration_api.kernel.lifecycle import SYSTEM, Lifecycle, Transition


class JobStatus(StrEnum):
    """States of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobParty(StrEnum):
    """Who moves a job; all else is the worker's."""

    ASKER = "asker"


ASKER = frozenset({JobParty.ASKER.value})
WORKER = frozenset({SYSTEM})
UNFINISHED = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
JOB: Lifecycle[JobStatus] = Lifecycle(
    "job",
    JobStatus,
    (JobStatus.QUEUED,),
    (
        Transition(
            "start",
            frozenset({JobStatus.QUEUED}),
            JobStatus.RUNNING,
            WORKER,
            "job.started",
            "A worker takes the job. One that goes away is followed by another, in this state.",
            label_de="Beginnen",
            label_en="Start",
        ),
        Transition(
            "succeed",
            frozenset({JobStatus.RUNNING}),
            JobStatus.SUCCEEDED,
            WORKER,
            "job.succeeded",
            "The job is done; `result_url` says where its result is.",
            label_de="Abschließen",
            label_en="Succeed",
        ),
        Transition(
            "fail",
            UNFINISHED,
            JobStatus.FAILED,
            WORKER,
            "job.failed",
            "The job cannot be done; `problem` says why.",
            label_de="Scheitern",
            label_en="Fail",
        ),
        Transition(
            "cancel",
            UNFINISHED,
            JobStatus.CANCELLED,
            ASKER,
            "job.cancelled",
            "Cancel a job. What an export has made is not kept, what an import has written stays.",
            label_de="Abbrechen",
            label_en="Cancel",
        ),
    ),
    labels={
        JobStatus.QUEUED: ("wartet", "queued"),
        JobStatus.RUNNING: ("läuft", "running"),
        JobStatus.SUCCEEDED: ("fertig", "succeeded"),
        JobStatus.FAILED: ("gescheitert", "failed"),
        JobStatus.CANCELLED: ("abgebrochen", "cancelled"),
    },
    parties={
        JobParty.ASKER: ("anfordernder Zugang", "asking client"),
        SYSTEM: ("Hintergrunddienst", "worker"),
    },
)
EVENTS = {"job.queued": "A job was asked for and waits for a worker."}
