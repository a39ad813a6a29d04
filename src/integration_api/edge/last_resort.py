"""The answer where nobody thought of what was raised: 500, inside the app and not at the server."""

import traceback

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_api.kernel import problems
from integration_api.kernel.problems import problem_response

log = structlog.get_logger(__name__)


class LastResort:
    """Answers what nobody thought of; logs where it happened, never what it said.

    The message of an exception may hold personal data, so only types and places are written. An
    exception that leaves the app would close the connection, so that the caller's next request is
    reset; hence a middleware instead of a handler of `Exception`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; answer 500 where it raises before it answered."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)[-12:]
            places = [f"{f.filename}:{f.lineno} {f.name}" for f in frames]
            log.error("unhandled", error=type(error).__qualname__, at=places)  # noqa: TRY400
            if started:
                raise  # the answer is half out: only closing the connection tells the caller
            answer = problem_response(problems.Internal(), Request(scope))
            await answer(scope, receive, send)
