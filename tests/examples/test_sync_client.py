"""Whatever operation is carried out, the copies of all agencies equal a fresh snapshot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync_client.store import Key
from sync_client.sync import PATHS, Sync
from tests.access.operations import OWNERS, PREPARED
from tests.cast import AGENCIES
from tests.conftest import Committed
from tests.contract.test_declared import send
from tests.examples.copies import Copy
from tests.jobs.running import drain

Difference = dict[str, list[Key]]


async def _carry_out(committed: Committed, copies: list[Copy]) -> int:
    """Every operation that changes something, each on rows that the copies know before."""
    done = 0
    for operation, prepare in sorted(PREPARED.items()):
        call = await prepare(committed.make)
        if call.method == "GET":
            continue
        await committed.number()
        for copy in copies:
            await copy.step()
        answer = await send(committed.clients, OWNERS[operation], call)
        assert answer.status_code < 300, (operation, answer.text)
        if answer.status_code == 202:  # what a job does is a part of it
            await drain(committed)
        done += 1
    await committed.number()
    for copy in copies:
        await copy.step()
    return done


async def _differences(copies: list[Copy], folder: Path) -> Difference:
    found: Difference = {}
    for copy in copies:
        fresh, held = await copy.fresh(folder), copy.store.resources
        keys = sorted(k for k in fresh.keys() | held.keys() if fresh.get(k) != held.get(k))
        if keys:
            found[copy.who] = keys
    return found


async def test_every_copy_is_a_fresh_snapshot_after_every_operation(
    committed: Committed, tmp_path: Path
) -> None:
    copies = [Copy(committed, who, tmp_path / f"{who}.log") for who in AGENCIES]
    assert await _carry_out(committed, copies) > 80
    assert await _differences(copies, tmp_path) == {}
    assert all(copy.store.resources for copy in copies)


async def test_a_copy_that_reads_only_what_an_event_is_about_falls_behind(
    committed: Committed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: it leaves out what holds the thing."""
    monkeypatch.setattr(Sync, "_concerned", _only_the_thing)
    copies = [Copy(committed, "lead", tmp_path / "lead.log")]
    await copies[0].step()
    call = await PREPARED["checkStatusLegalTrack"](committed.make)
    await committed.number()
    await copies[0].step()
    answer = await send(committed.clients, OWNERS["checkStatusLegalTrack"], call)
    assert answer.status_code == 200
    await committed.number()
    await copies[0].step()
    assert await _differences(copies, tmp_path) != {}


def _only_the_thing(_: Sync, event: dict[str, Any]) -> set[Key]:
    noun = event["type"].partition(".")[0]
    return {(noun, event["data"][f"{noun}_id"])} if noun in PATHS else set()


class KilledError(Exception):
    """Here the process ends."""


def _dies(*_: object) -> None:
    raise KilledError


def _cursor_first(self: Sync) -> int:
    """The twin: it keeps the cursor before it has what came before it."""
    page = self._api.get("/v1/changes", after=self._store.cursor).json()
    cursor = page["page"]["next_cursor"]
    self._store.commit({}, cursor)
    asked = set[Key]().union(*(self._concerned(event) for event in page["items"]))
    self._store.commit({key: self._read(key) for key in asked}, cursor)
    return len(page["items"])


@pytest.mark.parametrize(
    ("step", "lost"), [(Sync.step, 0), (_cursor_first, 1)], ids=["as it is", "cursor first"]
)
async def test_killed_while_it_reads_it_goes_on_where_it_was(
    committed: Committed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: Callable[[Sync], int],
    lost: int,
) -> None:
    await Copy(committed, "lead", tmp_path / "lead.log").step()
    await committed.make.person()
    await committed.number()
    monkeypatch.setattr(Sync, "step", step)
    with monkeypatch.context() as dying:
        dying.setattr(Sync, "_read", _dies)
        with pytest.raises(KilledError):
            await Copy(committed, "lead", tmp_path / "lead.log").step()
    again = Copy(committed, "lead", tmp_path / "lead.log")
    await again.step()
    assert len((await _differences([again], tmp_path)).get("lead", [])) == lost


async def test_a_cursor_of_another_epoch_leads_back_to_a_snapshot(
    committed: Committed, tmp_path: Path
) -> None:
    copy = Copy(committed, "lead", tmp_path / "lead.log")
    await copy.step()
    await committed.make.person()
    await committed.admin.execute("update ia.feed_head set epoch = gen_random_uuid()")
    await committed.number()
    await copy.step()
    assert copy.store.resources == await copy.fresh(tmp_path)
    assert any(kind == "person" for kind, _ in copy.store.resources)
