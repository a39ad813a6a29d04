"""The copy's file: a step is whole or not there, wherever the process was killed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_client import store as store_of
from sync_client.store import Key, Store

CASE: Key = ("case", "01990000-0000-7000-8000-000000000001")
PERSON: Key = ("person", "01990000-0000-7000-8000-000000000002")


def _filled(path: Path) -> Store:
    store = Store(path)
    store.replace([(CASE, f'{{"participants":["{PERSON[1]}"]}}'), (PERSON, "{}")], "one")
    store.commit({PERSON: '{"name":"ä"}'}, "two")
    store.commit({PERSON: None}, "three")
    return store


def test_it_begins_again_where_it_was(tmp_path: Path) -> None:
    before, after = _filled(tmp_path / "copy"), Store(tmp_path / "copy")
    assert after.cursor == before.cursor == "three"
    assert after.resources == before.resources
    assert after.resources.keys() == {CASE}


def test_it_knows_what_names_an_id(tmp_path: Path) -> None:
    store = _filled(tmp_path / "copy")
    assert store.naming(PERSON[1]) == {CASE}
    store.commit({CASE: '{"participants":[]}'}, "four")
    assert store.naming(PERSON[1]) == set()


@given(st.data())
def test_cut_off_anywhere_it_is_as_after_a_whole_step(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("store") / "copy"
    _filled(path)
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    store = Store(path)
    steps = sum(end <= cut for end in ends)
    assert store.cursor == [None, "one", "two", "three"][steps]
    assert (PERSON in store.resources) == (steps in (1, 2))
    store.commit({CASE: "{}"}, "next")
    assert Store(path).cursor == "next"


def test_it_is_written_anew_before_it_is_mostly_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_of, "MOST_STEPS", 5)
    store = _filled(tmp_path / "copy")
    for n in range(40):
        store.commit({PERSON: f'{{"n":{n}}}'}, f"cursor {n}")
    assert len((tmp_path / "copy").read_bytes().splitlines()) <= 5
    again = Store(tmp_path / "copy")
    assert (again.cursor, again.resources) == ("cursor 39", store.resources)
    assert again.resources[PERSON] == '{"n":39}'
