"""Who is asked while it drains sends its callers to another replica."""

import pytest

from tests.conftest import Committed


@pytest.mark.parametrize(
    ("draining", "said"), [(True, "close"), (False, None)], ids=["draining", "staying"]
)
async def test_answers_of_a_draining_process_end_their_connection(
    committed: Committed, draining: bool, said: str | None
) -> None:
    committed.app.state.draining = draining
    answers = [
        await committed.clients.get("lead", path)
        for path in ("/v1/persons", "/v1/nothing", "/health/live", "/health/ready")
    ]
    assert {answer.headers.get("connection") for answer in answers} == {said}
    assert answers[0].status_code == 200, "it goes on answering"
