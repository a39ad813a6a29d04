"""Readiness while the process is told to stop."""

from typing import Any

import pytest

from integration_api.health import service
from tests.clients import Clients


async def test_who_waited_for_a_look_while_the_stop_came_is_told_of_the_stop(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def well_until_now(state: Any) -> dict[str, str]:
        state.draining = True
        return {"database": "pass"}

    monkeypatch.setattr(service, "_checks", well_until_now)
    state = clients.app.state
    state.readiness = (-10.0, {})
    try:
        answer = await clients.get(None, "/health/ready")
    finally:
        state.draining, state.readiness = False, (-10.0, {})
    assert (answer.status_code, answer.json()["checks"]) == (503, {"draining": "fail"})
