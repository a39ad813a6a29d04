"""`integration-api`: the commands of operators, integrators and the demo.

Commands import what they need when they run: FastAPI alone takes longer than most of them.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


def _leave(_: int, __: FrameType | None) -> None:
    os._exit(130)


@contextmanager
def _leaving() -> Iterator[None]:
    """End the process at once on Ctrl-C; only its main thread is asked."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _leave)
    yield
    signal.signal(signal.SIGINT, before)


def main() -> None:
    """Run a command; an error that is not a fault of ours ends it with one sentence, exit 1."""
    # An import may swallow what is raised meanwhile (the callback of a weak reference, say);
    # nothing is open yet that would have to be closed.
    with _leaving():
        from .base import explain
        from .commands import app
    try:
        try:
            app()
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            sys.stderr.write(f"{sentence}\n")
            sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
