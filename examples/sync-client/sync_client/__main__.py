"""`python -m sync_client --url http://127.0.0.1:8000 --store copy.log`; the key is in SYNC_KEY."""

import argparse
import os
import threading
from pathlib import Path

import httpx

from .api import Api
from .receiver import receiver
from .store import Store
from .sync import Sync


def _said(name: str) -> str:
    """A secret, which stands in the environment and never on a command line."""
    return os.environ[name]  # noqa: TID251 - a program of its own


def main() -> None:
    """Keep in step until it is stopped; begin again where it was."""
    said = argparse.ArgumentParser(prog="sync_client", description=__doc__)
    said.add_argument("--url", default="http://127.0.0.1:8000")
    said.add_argument("--store", type=Path, default=Path("copy.log"))
    said.add_argument("--listen", type=int, help="port of a webhook receiver, on loopback")
    said.add_argument("--once", action="store_true", help="stop where nothing is new")
    given = said.parse_args()
    rung = threading.Event()
    if given.listen:
        door = receiver(("127.0.0.1", given.listen), _said("SYNC_SECRET"), rung.set)
        threading.Thread(target=door.serve_forever, daemon=True).start()
    with httpx.Client(base_url=given.url, timeout=40) as http:
        store = Store(given.store)
        sync = Sync(Api(http, _said("SYNC_KEY")), store)
        while True:
            before = store.cursor
            # who is rung asks at once, and then whether that was all; who is not waits in the call
            count = sync.step(wait=0 if given.once or given.listen else 25)
            print(f"{count} came, {len(store.resources)} held", flush=True)  # noqa: T201
            if given.once and before is not None and count == 0:
                return
            if given.listen and before is not None and count == 0:
                rung.wait(60)
                rung.clear()


if __name__ == "__main__":
    main()
