"""Cursors from which nobody can go on; the way to resync is named."""

from integration_api.kernel.problems import Problem

RESYNC = "/v1/exports"


class CursorExpired(Problem, slug="cursor-expired"):
    """What followed it is no longer kept; `resync` names where to begin anew."""

    def __init__(self) -> None:
        super().__init__(resync=RESYNC)


class FeedEpochChanged(Problem, slug="feed-epoch-changed"):
    """It counts events of another history; `resync` names where to begin anew."""

    def __init__(self) -> None:
        super().__init__(resync=RESYNC)
