"""Bodies that are no JSON: which operations take them, how large, and how a handler gets one."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from integration_api.kernel.problems import Malformed

LONGER = 6
"""So many times as long as other bodies they may take."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One operation that takes such bodies: the media types, the most bytes."""

    method: str
    path: str
    kinds: tuple[str, ...]
    most: int

    def takes(self, method: str, path: str) -> bool:
        """Whether a request is of this operation."""
        return method == self.method and re.fullmatch(self.path, path) is not None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The body of an upload, and its media type."""

    content: bytes
    kind: str


async def uploaded(request: Request) -> Uploaded:
    """What was sent.

    Raises:
        Problem: what the guard found: too large, too slow, of another media type.
        Malformed: there is none (400).
    """
    state: dict[str, Any] = request.scope.get("state", {})
    if defect := state.get("defect"):
        raise defect
    if not (body := await request.body()):
        raise Malformed
    kind = request.headers["content-type"].lower().partition(";")[0].strip()
    return Uploaded(body, kind)
