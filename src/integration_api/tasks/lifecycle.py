"""How a task ends."""

from enum import StrEnum

from integration_api.kernel.lifecycle import Lifecycle, Transition


class TaskStatus(StrEnum):
    """States of a task."""

    OPEN = "open"
    DONE = "done"


class TaskParty(StrEnum):
    """Who moves a task."""

    OWNER = "owner"


OWNER = frozenset({TaskParty.OWNER.value})
TASK: Lifecycle[TaskStatus] = Lifecycle(
    "task",
    TaskStatus,
    (TaskStatus.OPEN,),
    (
        Transition(
            "complete",
            frozenset({TaskStatus.OPEN}),
            TaskStatus.DONE,
            frozenset({TaskParty.OWNER}),
            "task.completed",
            "Complete a task. An emergency access that was not justified ends with it.",
            label_de="Erledigen",
            label_en="Complete",
            reasons="review_outcomes",
        ),
    ),
    labels={TaskStatus.OPEN: ("offen", "open"), TaskStatus.DONE: ("erledigt", "done")},
    parties={TaskParty.OWNER: ("zuständige Stelle", "owner")},
)
EVENTS = {"task.opened": "A task was opened for an agency."}
