"""`serve` and `worker`: the two processes of the service, and the demo, which is both in one."""

import asyncio
import contextlib
import gc
import importlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer
import uvicorn

from integration_api.kernel.settings import Settings
from integration_api.postgres import schema

from .base import configuration, refuse, run, say
from .place import (
    Place,
    connect,
    external,
    must_be_current,
    pooled_names,
    secret_of,
    shipped,
    started,
)

GRACE_SECONDS = 15  # for requests that are under way when the service is told to stop
KEEP_ALIVE_SECONDS = 75  # longer than clients and proxies keep an idle connection: they close first


class Server(uvicorn.Server):
    """A server that tells when it answers, and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        gc.enable()
        if self.started:
            self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are set in `_on_signals`; uvicorn's would raise them once more at the end."""
        yield


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    with_worker: Annotated[bool, typer.Option(help="Run the worker in this process too.")] = False,
    demo: Annotated[bool, typer.Option(help="Seed the demo, print its keys.")] = False,
) -> None:
    """Serve the API, on a PostgreSQL of its own unless INTEGRATION_API_DATABASE_URL names one."""
    settings = configuration()
    secret = secret_of(settings)
    if not settings.local:
        run(_must_fit(external(settings), with_worker))
    if with_worker:
        _must_sign(settings)
    with (
        _loading() as loaded,
        started(settings, loaded) as place,
        _listening(host, port) as door,
    ):
        loaded()
        if place.owner is not None:
            run(shipped(place))
        address = f"http://{'[' + host + ']' if ':' in host else host}:{door.getsockname()[1]}"
        if "public_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"public_url": address})
        with asyncio.Runner(loop_factory=config(None).get_loop_factory()) as runner:
            work = _serve(settings, place, secret, door, with_worker=with_worker, demo=demo)
            runner.run(work)


def worker() -> None:
    """Run the worker alone: jobs, clock-driven transitions, deletion by rule."""
    settings = configuration()
    if settings.local:
        refuse(
            "the local server lives in the process that serves: use `serve --with-worker`,"
            " or name a server of your own in INTEGRATION_API_WORKER_DATABASE_URL"
        )
    place, secret = external(settings), secret_of(settings)
    run(_must_fit(place, with_worker=True))
    _must_sign(settings)
    run(_work(settings, place, secret))


def _must_sign(settings: Settings) -> None:
    """Refuse a worker without a key: what it does not seal, nobody can prove later."""
    from integration_api.audit.keys import signer

    signer(settings)


async def _work(settings: Settings, place: Place, secret: bytes) -> None:
    from integration_api import worker
    from integration_api.edge.logs import configure_logging

    configure_logging(settings.log_level, json=not sys.stderr.isatty())
    stop = asyncio.Event()
    _on_signals(stop.set)
    assert place.worker is not None
    await worker.run(worker.Access(place.worker, place.direct, secret), settings, stop)


async def _serve(
    settings: Settings,
    place: Place,
    secret: bytes,
    door: socket.socket,
    *,
    with_worker: bool,
    demo: bool,
) -> None:
    from integration_api import app, worker
    from integration_api.edge.logs import configure_logging

    configure_logging(settings.log_level, json=not sys.stderr.isatty())
    keys: dict[str, str] | None = None
    greet: Callable[[], None] = lambda: say(f"serving on {settings.public_url}")  # noqa: E731
    if demo:
        from .demo import prepared

        settings = settings.model_copy(update={"environment": "demo"})
        keys, greet = await prepared(settings, place)
    made = app.create_app(settings, dsn=place.app, secret=secret, demo=keys)
    server = Server(config(made, settings.trusted_proxies), greet)
    stop = asyncio.Event()

    def leave() -> None:
        made.state.draining = True
        asyncio.get_running_loop().call_later(settings.drain_seconds, end)

    def end() -> None:
        server.force_exit, server.should_exit = server.should_exit, True

    _on_signals(leave)
    async with asyncio.TaskGroup() as group:
        if with_worker:
            assert place.worker is not None
            access = worker.Access(place.worker, place.direct, secret)
            group.create_task(worker.run(access, settings, stop, demo=demo))
        await server.serve(sockets=[door])
        stop.set()


def config(app: Any, proxies: Sequence[str] = ()) -> uvicorn.Config:
    """How the server runs; `proxies` are the addresses whose `X-Forwarded-For` counts."""
    return uvicorn.Config(
        app,
        http="integration_api.edge.door:Door",
        ws="none",
        log_config=None,
        access_log=False,  # our own line names the route, never the path
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        lifespan="on",
    )


def _on_signals(leave: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leave)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family)
    except OSError as error:
        refuse(f"{host}:{port} cannot be listened on ({error.strerror}): choose another --port")
    with door:
        yield door


@contextlib.contextmanager
def _loading() -> Iterator[Callable[[], None]]:
    """Import the application while PostgreSQL starts: each of them takes a second.

    Without garbage collection until we answer, which would find nothing and take a tenth of it.
    """
    gc.disable()
    load = threading.Thread(
        target=importlib.import_module, args=("integration_api.app",), daemon=True
    )
    load.start()
    try:
        yield load.join
    except Exception:  # its sentence needs imports of its own
        load.join()
        raise


async def _must_fit(place: Place, with_worker: bool) -> None:
    """Refuse an external database that this version cannot serve on; migrate it where we may."""
    if with_worker and place.worker is None:
        refuse("the worker needs INTEGRATION_API_WORKER_DATABASE_URL (login ia_worker)")
    if pooled := await pooled_names(place):
        refuse(f"{', '.join(pooled)}: must name PostgreSQL itself, and a pooler answers there")
    connection = await connect(place.direct)
    try:
        schema.check_version(connection)
        if place.owner is not None:
            await schema.migrate(place.owner)
        await must_be_current(connection)
    finally:
        await connection.close()
