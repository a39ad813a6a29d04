"""Every golden vector comes out as typed."""

import pytest

from integration_api.rules import engine, loading
from tests.rules.golden_vectors import Vector, vectors


@pytest.mark.parametrize("vector", vectors(), ids=str)
def test_a_golden_vector_comes_out_as_typed(vector: Vector) -> None:
    assert vector.fails(engine.standing(loading.shipped())) is None
