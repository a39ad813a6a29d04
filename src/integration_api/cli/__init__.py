"""`integration-api`: the commands of operators, integrators and the demo.

Commands import what they need when they run: FastAPI alone takes longer than most of them.
"""

import sys


def main() -> None:
    """Run a command; an error that is not a fault of ours ends it with one sentence, exit 1."""
    try:
        from .base import explain
        from .commands import app

        try:
            app()
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            sys.stderr.write(f"{sentence}\n")
            sys.exit(1)
    except KeyboardInterrupt:  # the imports take half a second, too
        sys.exit(130)
