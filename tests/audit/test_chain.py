"""The chain of audit entries: sealed whatever happens, and proven whole or broken at a place.

The attacker of these tests is the superuser, whom neither grants nor triggers stop.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from integration_api.audit import anchor, seal
from integration_api.audit.anchor import Anchor, Signed
from integration_api.audit.chain import Entry, Head, genesis, link
from integration_api.audit.keys import Verifier
from integration_api.audit.seal import Sealer
from integration_api.worker import seal as seal_round
from tests.audit.log import CITY, KEY, OTHER, ROWS, Log
from tests.cast import id_of
from tests.conftest import Committed

EDIT = "update ia.audit_entry set {} where n = 17"
TAMPERED = {
    "edited text": (
        EDIT.format("canonical = replace(canonical, 'case.changed', 'case.closed')"),
        "entry 17 (id 17) is not what was sealed",
    ),
    "edited time": (
        EDIT.format("recorded_at = recorded_at + interval '1 microsecond'"),
        "entry 17 (id 17) is not what was sealed",
    ),
    "edited hash": (EDIT.format("hash = sha256(hash)"), "entry 17 (id 17) is not what was sealed"),
    "another municipality's": (
        f"update ia.audit_entry set municipality_id = '{id_of('koeln')}' where n = 17",
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "deleted": (
        "delete from ia.audit_entry where n = 17",
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "first deleted": (
        "delete from ia.audit_entry where n = 1",
        "entry 1 is missing: 2 (id 2) follows 0",
    ),
    "unsealed again": (
        EDIT.format("hash = null, n = null"),
        "entry 17 is missing: 18 (id 18) follows 16",
    ),
    "swapped": (
        "update ia.audit_entry a set canonical = b.canonical from ia.audit_entry b"
        " where (a.n, b.n) in ((17, 18), (18, 17))",
        "entry 17 (id 17) is not what was sealed",
    ),
    "swapped places": (
        "update ia.audit_entry set n = n + 1000 where n in (17, 18);"
        "update ia.audit_entry set n = 1035 - n where n > 1000",
        "entry 17 (id 18) is not what was sealed",
    ),
    "put in": (
        "insert into ia.audit_entry (municipality_id, canonical, n, hash)"
        f" values ('{CITY}', '{{}}', {ROWS + 1}, sha256('x'))",
        f"entry {ROWS + 1} (id {ROWS + 1}) is not what was sealed",
    ),
    "cut tail": (
        "delete from ia.audit_entry where n > 30",
        f"entry 31 is missing: the tail is cut, the head says {ROWS}",
    ),
    "all deleted": (
        "delete from ia.audit_entry; delete from ia.audit_head",
        f"the head is missing; 0 entries are there; entry 1 is missing, the anchor says {ROWS}",
    ),
    "no head": ("delete from ia.audit_head", f"the head is missing; {ROWS} entries are there"),
    "head of another signature": (
        "update ia.audit_head set signature = sha512(signature)",
        "the head is not signed by a known key",
    ),
    "head of another time": (
        "update ia.audit_head set sealed_at = sealed_at + interval '1 second'",
        "the head is not signed by a known key",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_the_first_bad_entry_is_named(log: Log, name: str) -> None:
    sql, finding = TAMPERED[name]
    await log.forge(sql)
    assert (await log.proof())["city"].broken == finding


async def test_a_cut_tail_with_a_rewritten_head_is_caught_by_its_signature(log: Log) -> None:
    await log.forge("delete from ia.audit_entry where n > 30")
    last = await log.admin.fetchval("select hash from ia.audit_entry where n = 30")
    await log.head(30, last, OTHER)
    unsigned = "the head is not signed by a known key"
    beyond = f"; entry 31 is missing, the anchor says {ROWS}"
    assert (await log.proof(anchored=False))["broken"] == [unsigned]
    assert (await log.proof())["broken"] == [unsigned + beyond]


async def test_a_cut_tail_with_an_older_head_put_back_is_caught_by_the_anchor(log: Log) -> None:
    """The known-bad twin is the proof without the anchor: it passes."""
    await log.forge("delete from ia.audit_entry where n > 20")
    lines = [one for _, one in anchor.read(log.path) if one and one.head.n == 20]
    old = lines[0]
    await log.admin.execute(
        "update ia.audit_head set n = 20, hash = $1, sealed_at = $2, signature = $3",
        old.head.hash, old.head.sealed_at, old.signature,
    )  # fmt: skip
    assert (await log.proof(anchored=False))["broken"] == []
    cut = f"entry 21 is missing: the tail is cut, the anchor says {ROWS}"
    assert (await log.proof())["broken"] == [cut]
    await log.write(30)
    assert await log.seal() == 30, "sealing goes on, over the cut"
    found = (await log.proof())["broken"]
    assert found == ["entry 40 (id 60) or one before it was rewritten: the anchor has another hash"]


async def test_a_chain_rewritten_with_the_very_key_is_caught_by_the_anchor(log: Log) -> None:
    """The known-bad twin is the proof without the anchor: whoever has the key can write it all."""
    await log.forge("delete from ia.audit_entry where n = 5")
    await log.rechain()
    assert (await log.proof(anchored=False))["broken"] == []
    found = (await log.proof())["broken"]
    assert found == ["entry 20 (id 21) or one before it was rewritten: the anchor has another hash"]


async def test_a_whole_chain_under_another_key_is_not_believed(log: Log) -> None:
    await log.rechain(OTHER)
    assert (await log.proof(anchored=False))["broken"] == ["the head is not signed by a known key"]
    both = Verifier([KEY.public, OTHER.public])
    assert (await log.proof(keys=both))["broken"] == [], "a key that was changed is no break"
    wrong = await log.proof(keys=Verifier([OTHER.public]))
    assert wrong["broken"][0] == "line 1 of the anchor is not signed by a known key"


async def test_a_forged_line_of_the_anchor_is_named(log: Log) -> None:
    lines = log.path.read_text().splitlines()
    said = json.loads(lines[-1])
    lines.append(json.dumps(said | {"n": 999}))
    log.path.write_text("\n".join(lines) + "\n")
    found = (await log.proof())["broken"]
    assert found == [f"line {len(lines)} of the anchor is not signed by a known key"]


async def test_an_edit_of_what_is_not_sealed_is_the_window_that_is_open(log: Log) -> None:
    """What the chain does not promise: between the commit and the seal nothing is bound yet."""
    await log.write(1)
    await log.forge("update ia.audit_entry set canonical = '{}' where hash is null")
    assert await log.seal() == 1
    assert (await log.proof())["broken"] == []


@pytest.mark.parametrize(
    ("n", "finding"),
    [
        (17, "entry 18 (id 18) is not what was sealed"),
        (ROWS, f"the head says {ROWS} and does not fit the {ROWS} entries"),
    ],
)
async def test_an_edit_with_its_own_hash_made_anew_is_caught_by_the_next(
    log: Log, n: int, finding: str
) -> None:
    """Hashes that stood alone would believe the forger: they leave out the entry before."""
    rows = await log.admin.fetch("select n, hash from ia.audit_entry")
    hashes = {row["n"]: row["hash"] for row in rows}
    (row,) = await log.admin.fetch("select id, recorded_at from ia.audit_entry where n = $1", n)
    forged = Entry(row["id"], row["recorded_at"], '{"forged": true}')
    sql = "update ia.audit_entry set canonical = $2, hash = $3 where n = $1"
    await log.forge(sql, n, forged.canonical, link(hashes[n - 1], n, forged))
    assert (await log.proof(anchored=False))["broken"] == [finding]


async def test_an_empty_log_is_whole(committed: Committed, tmp_path: Path) -> None:
    log = Log(committed, tmp_path)
    assert await log.seal() == 0
    assert (await log.proof())["broken"] == []
    assert not log.path.exists()


async def test_each_municipality_has_a_chain_of_its_own(log: Log) -> None:
    await log.write(3, id_of("koeln"))
    assert await log.seal() == 3
    heads = await log.admin.fetch("select municipality_id, n from ia.audit_head")
    assert {UUID(int=r["municipality_id"].int): r["n"] for r in heads} == {
        CITY: ROWS,
        id_of("koeln"): 3,
    }
    assert genesis(CITY) != genesis(id_of("koeln"))


async def test_what_the_api_writes_is_sealed_and_proven(
    committed: Committed, tmp_path: Path
) -> None:
    log = Log(committed, tmp_path)
    await committed.make.scene("accepted")
    written = await committed.admin.fetchval("select count(*) from ia.audit_entry")
    assert written > 5
    assert await log.seal() == written
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries, proof["city"].open) == ([], written, 0)
    listed = (await committed.clients.get("lead/officer", "/v1/audit-entries")).json()["items"]
    (newest,) = await committed.admin.fetch(
        "select n, encode(hash, 'hex') as hash from ia.audit_entry where agency_id = $1"
        " order by recorded_at desc, id desc limit 1", id_of("lead"),
    )  # fmt: skip
    assert (listed[0]["sequence"], listed[0]["hash"]) == (newest["n"], newest["hash"])


async def test_two_sealers_at_once_make_one_chain(log: Log) -> None:
    await log.write(300)
    async with log.sealing() as one, log.sealing() as two:
        workers = [Sealer(KEY, Anchor(log.path)) for _ in range(4)]
        done = await asyncio.gather(
            *(seal_round(d, sealer=w) for d, w in zip([one, two] * 2, workers, strict=True))
        )
    assert sum(done) + await log.seal() == 300
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries) == ([], ROWS + 300)


async def test_many_sealers_begin_one_chain(committed: Committed, tmp_path: Path) -> None:
    log = Log(committed, tmp_path)
    await log.write(50)
    async with log.sealing() as one, log.sealing() as two:
        workers = [Sealer(KEY, Anchor(log.path)) for _ in range(2)]
        done = await asyncio.gather(
            seal_round(one, sealer=workers[0]), seal_round(two, sealer=workers[1])
        )
    assert sum(done) + await log.seal() == 50
    assert (await log.proof())["broken"] == []


async def test_a_batch_is_bounded_and_the_rest_follows(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "BATCH", 7)
    await log.write(20)
    assert await log.seal() == 20
    proof = await log.proof()
    assert (proof["broken"], proof["city"].entries) == ([], ROWS + 20)


async def test_a_head_that_was_sealed_and_not_anchored_is_anchored_later(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.write(5)

    def full(self: Anchor, lines: bytes) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Anchor, "_append", full)
        with pytest.raises(OSError, match="no space"):
            await log.seal()
    proof = await log.proof()
    assert (proof["city"].entries, proof["city"].anchored) == (ROWS + 5, ROWS)
    assert await log.seal() == 0
    proof = await log.proof()
    assert (proof["broken"], proof["city"].anchored) == ([], ROWS + 5)


async def test_a_line_that_a_crash_tore_harms_nothing(log: Log) -> None:
    size = log.path.stat().st_size
    os.truncate(log.path, size - 40)
    await log.write(2)
    assert await log.seal() == 2
    lines = list(anchor.read(log.path))
    assert [one is None for _, one in lines] == [False, True, False]
    proof = await log.proof()
    assert (proof["broken"], proof["city"].anchored) == ([], ROWS + 2)


def test_an_anchor_repeats_nothing_while_nothing_happens(tmp_path: Path) -> None:
    kept = Anchor(tmp_path / "sub" / "anchor.jsonl")
    at = Head(CITY, 1, bytes(32), _instant())
    one = Signed(at, KEY.key_id, KEY.sign(at))
    assert [kept.keep([one]), kept.keep([one])] == [1, 0]
    assert len(list(anchor.read(tmp_path / "sub" / "anchor.jsonl"))) == 1


def _instant() -> Any:
    from integration_api.kernel import clock

    return clock.now()
