"""The receiver rings for a true signature and for nothing else."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from sync_client.receiver import LARGEST, receiver

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"type":"case.changed"}'


class Door:
    """A receiver on a free port, and how often it rang."""

    def __init__(self) -> None:
        self.rung = 0
        self.server = receiver(("127.0.0.1", 0), SECRET, self._ring)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def _ring(self) -> None:
        self.rung += 1

    def post(self, body: str = BODY, **headers: str) -> int:
        """The status of one delivery."""
        return httpx.post(self.url, content=body, headers=headers).status_code


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def signed(*secrets: str, at: datetime | None = None, body: str = BODY) -> dict[str, str]:
    """The headers of a delivery, as the library signs."""
    at = at or datetime.now(UTC)  # noqa: TID251 - the receiver goes by the real clock
    text = " ".join(Webhook(secret).sign("evt_1", at, body) for secret in secrets)
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": text}


def test_a_true_delivery_rings(door: Door) -> None:
    assert door.post(**signed(SECRET)) == 204
    assert door.post(**signed(OTHER, SECRET)) == 204  # while a secret is being replaced
    assert door.rung == 2


def test_anything_else_does_not(door: Door) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the receiver goes by the real clock
    assert door.post(**signed(OTHER)) == 401
    assert door.post(body=BODY + " ", **signed(SECRET)) == 401
    assert door.post() == 401
    assert door.post(**signed(SECRET, at=now - timedelta(minutes=6))) == 401
    assert door.post(**signed(SECRET, at=now + timedelta(minutes=6))) == 401
    large = " " * (LARGEST + 1)
    assert door.post(body=large, **signed(SECRET, body=large)) == 401
    assert door.rung == 0
