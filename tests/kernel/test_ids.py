"""Ids grow with time."""

import uuid

from integration_api.kernel.ids import uuid7


def test_an_id_is_a_plain_uuid_of_version_7_and_follows_the_one_before() -> None:
    made = [uuid7() for _ in range(200)]
    assert {type(i) for i in made} == {uuid.UUID}
    assert {i.version for i in made} == {7}
    assert made == sorted(set(made))
