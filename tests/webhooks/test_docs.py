"""What `docs/webhooks.md` shows works, and names what there is."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from standardwebhooks.webhooks import Webhook

from integration_api.webhooks import schedule, signing
from integration_api.webhooks.schemas import DeliveryStatus

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
PARTS = yaml.safe_load((ROOT / "src/integration_api/contract/parts.yaml").read_text("utf-8"))


def recipes() -> dict[str, Callable[[str, bytes, dict[str, str]], Any]]:
    """The functions of the page."""
    found: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, found)  # noqa: S102 - what readers will run
    return {n: f for n, f in found.items() if n.startswith("receive")}


@pytest.mark.parametrize("name", ["receive", "receive_by_hand"])
def test_the_recipe_takes_what_is_signed_and_nothing_else(name: str) -> None:
    receive = recipes()[name]
    old, new, other = (signing.new_secret() for _ in range(3))
    body = '{"type": "referral.accepted", "note": "Ü"}'
    now = datetime.fromtimestamp(time.time(), UTC)
    headers = signing.headers(uuid4(), body, [new, old], now)
    for secret in (new, old):
        assert receive(secret, body.encode(), headers)["note"] == "Ü"
    assert receive(other, body.encode(), headers) is None
    assert receive(new, body.encode() + b" ", headers) is None
    stale = signing.headers(uuid4(), body, [new], datetime.fromtimestamp(time.time() - 301, UTC))
    assert receive(new, body.encode(), stale) is None
    broken = headers | {"webhook-signature": "rubbish"}
    assert receive(new, body.encode(), broken) is None


def test_every_member_of_an_event_has_its_place_in_cloudevents() -> None:
    table = PAGE[PAGE.index("## CloudEvents") :]
    mapped = set(re.findall(r"`(\w+)`", table))
    assert set(PARTS["event"]["properties"]) <= mapped
    assert {"specversion", "id", "source", "type"} <= mapped, "what CloudEvents requires"


def test_the_page_names_every_status_and_the_schedule() -> None:
    for status in DeliveryStatus:
        assert f"| `{status.value}` |" in PAGE
    assert schedule.PAUSES == (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
    assert "after 5 seconds, 5 and 30 minutes, 2, 5, 10 and 10 hours" in PAGE.replace("\n", " ")
    assert "is tried 8 times" in PAGE


def test_the_vector_of_the_standard_is_signed_as_there() -> None:
    """Source: the libraries of Standard Webhooks test with this one."""
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
    body = '{"test": 2432232314}'
    signature = Webhook(secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
