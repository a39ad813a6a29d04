"""`import` against the demo: what it sends, says and leaves, also when it is stopped midway."""

import json
import re
import signal
import subprocess
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.cli.between import Between, between
from tests.cli.commands import Outcome, command
from tests.running import PROGRAM, demo, environment

WHO = "wuppertal-case-management"
LANGUAGE = {"life_area": "language", "topic": "language_course"}
COLUMNS = {
    "external_id": "Aktenzeichen",
    "concerns": [{"life_area": "Bereich Förderung", "topic": "Thema (Üb.)"}],
}
fresh = count(1)
LONG = 60_000
"""Lines that take a worker longer than somebody needs to cancel."""


@pytest.fixture
def system() -> str:
    """A system whose numbers nobody has used yet."""
    return f"own_file_{next(fresh)}"


def written(folder: Path, content: str | Iterable[Any]) -> str:
    """A file: a text, or lines of JSON."""
    path = folder / "cases"
    if not isinstance(content, str):
        lines = (one if isinstance(one, str) else json.dumps(one) for one in content)
        content = "".join(f"{line}\n" for line in lines)
    path.write_text(content, "utf-8", newline="")
    return str(path)


def numbered(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Lines of cases."""
    return [{"external_id": f"A-{n}", "concerns": [LANGUAGE]} for n in numbers]


async def imported(*arguments: str, url: str | None = None, key: str | None = None) -> Outcome:
    """The command, as the case management."""
    running = demo()
    where = ["--url", url or running.url]
    return await command("import", *where, *arguments, KEY=key or running.key(WHO))


def cases(system: str) -> int:
    """How many of those numbers are there."""
    path = f"/v1/cases?external_system={system}&external_id="
    answers = (demo().request(WHO, "GET", f"{path}A-{n}").json() for n in range(12))
    return sum(len(answer["items"]) for answer in answers)


def id_in(printed: str) -> str:
    """The import that a command has begun."""
    return str(re.findall(r"^import (\S+)$", printed, re.MULTILINE)[0])


async def test_a_wrong_line_is_told_by_its_place_in_the_file_and_loses_no_other(
    tmp_path: Path, system: str
) -> None:
    lines: list[Any] = numbered(range(6))
    lines[4] = {"external_id": "A-4", "concerns": [{"life_area": "language", "topic": "nix"}]}
    file, told = written(tmp_path, ["", *lines, "{not json"]), tmp_path / "problems"
    options = ["--system", system, "--problems", str(told), "--part-bytes", "200"]
    done = await imported(file, *options)
    assert (done.code, done.err) == (1, "")
    assert "created 5, updated 0, unchanged 0, rejected 2" in done.out
    assert re.findall(r"^line (\d+)(?: \((\S+)\))?: ", done.out, re.MULTILINE) == [
        ("6", "A-4"),
        ("8", ""),
    ]
    assert "/concerns/0/topic: " in done.out
    read = [json.loads(line) for line in told.read_text("utf-8").splitlines()]
    assert [(p["line"], p["external_id"], p["status"]) for p in read] == [
        (6, "A-4", 409),
        (8, None, 400),
    ]
    again = await imported(written(tmp_path, numbered(range(4))), "--system", system)
    assert (again.code, again.err) == (0, "")
    assert "created 0, updated 0, unchanged 4, rejected 0" in again.out
    assert cases(system) == 5


async def test_a_table_is_read_by_a_mapping(tmp_path: Path, system: str) -> None:
    columns = tmp_path / "columns.json"
    columns.write_text(json.dumps(COLUMNS), "utf-8")
    head = "Aktenzeichen;Bereich Förderung;Thema (Üb.);Bemerkung\r\n"
    rows = [f'A-{n};language;language_course;"erst;\r\ndann {n}"\r\n' for n in range(5)]
    file = written(tmp_path, f"\ufeff{head}{''.join(rows)}A-5;language;;\r\n")
    options = ["--system", system, "--columns", str(columns), "--part-bytes", "200"]
    done = await imported(file, *options)
    assert (done.code, done.err) == (1, "")
    assert "created 5, updated 0, unchanged 0, rejected 1" in done.out
    assert "line 12: " in done.out, "each row before it is two lines"
    assert cases(system) == 5
    columns.write_text(json.dumps(COLUMNS | {"external_id": "Zeichen"}), "utf-8")
    refused = await imported(file, *options)
    assert refused.code == 1
    assert "/csv/columns/external_id" in refused.err
    assert "--resume" not in refused.err, "the same file would be refused again"
    assert len(refused.err.splitlines()) == 1


async def test_a_dry_run_says_what_would_be_and_writes_nothing(tmp_path: Path, system: str) -> None:
    file = written(tmp_path, [*numbered(range(3)), *["x"] * 22])
    done = await imported(file, "--system", system, "--dry-run")
    assert done.code == 1
    assert "dry run, nothing was written: created 3, updated 0" in done.out
    assert len(re.findall("^line ", done.out, re.MULTILINE)) == 20
    assert "and 2 more" in done.out
    assert cases(system) == 0


def begun(there: Between, file: str, system: str) -> subprocess.Popen[str]:
    """The command in a process of its own, when its third part hangs."""
    there.hold = "/parts/3"
    arguments = [str(PROGRAM), "import", file, "--system", system, "--part-bytes", "200"]
    process = subprocess.Popen(
        [*arguments, "--url", there.url],
        env=environment(KEY=demo().key(WHO)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert there.held.wait(60)
    return process


async def test_what_was_killed_between_two_parts_goes_on_where_it_stopped(
    tmp_path: Path, system: str
) -> None:
    file = written(tmp_path, numbered(range(10)))
    with between() as there:
        process = begun(there, file, system)
        process.kill()
        out, _ = process.communicate(timeout=30)
    id = id_in(out)
    options = ["--resume", id, "--part-bytes", "200"]
    with between() as there:
        there.busy, there.lost = ["/parts/4"], ["/start"]
        done = await imported(file, *options, url=there.url)
        sent = [call for call in there.calls if call.startswith("PUT")]
        assert sum(call.endswith("/start") for call in there.calls) == 2
    assert (done.code, done.err) == (0, "")
    assert "created 10," in done.out
    assert [call[-1] for call in sent] == ["3", "4", "4", "5"]
    over = await imported(file, *options)
    assert (over.code, "created 10," in over.out) == (0, True)
    assert cases(system) == 10


async def test_ctrl_c_says_how_to_go_on(tmp_path: Path, system: str) -> None:
    file = written(tmp_path, numbered(range(10)))
    with between() as there:
        process = begun(there, file, system)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        id = id_in(out)
        assert process.returncode == 130
        assert f"import {file} --resume {id} --part-bytes 200 --url {there.url}" in err
        assert f"--cancel {id} --url {there.url}" in err
        assert "Traceback" not in err
    nothing = await imported("--cancel", id)
    assert (nothing.code, "was not started" in nothing.err) == (1, True)


async def test_a_job_is_cancelled_and_goes_on_for_the_same_file_alone(
    tmp_path: Path, system: str
) -> None:
    running, asked = demo(), {"system": system, "dry_run": True}
    key = {"Idempotency-Key": f"cancelled-{system}"}
    one = running.request(WHO, "POST", "/v1/imports", json=asked, headers=key).json()
    path, file = f"/v1/imports/{one['id']}", written(tmp_path, numbered(range(LONG)))
    head = {"Content-Type": "application/x-ndjson"}
    content = Path(file).read_bytes()
    running.request(WHO, "PUT", f"{path}/parts/1", content=content, headers=head)
    again = {"Idempotency-Key": f"started-{system}"}
    assert running.request(WHO, "POST", f"{path}/start", headers=again).status_code == 202
    done = await imported("--cancel", one["id"])
    assert (done.code, done.err) == (0, "")
    assert running.request(WHO, "GET", path).json()["status"] == "cancelled"
    (tmp_path / "other").mkdir()
    other = await imported(written(tmp_path / "other", ["x"]), "--resume", one["id"])
    assert (other.code, "is not the file of this import" in other.err) == (1, True)
    rest = await imported(file, "--resume", one["id"])
    assert (rest.code, rest.err) == (0, "")
    assert f"created {LONG}," in rest.out
    over = await imported("--cancel", one["id"])
    assert over.code == 1, "what is over cannot be cancelled"


async def test_the_wrong_file_ends_early_and_every_line_of_it_is_told(
    tmp_path: Path, system: str
) -> None:
    file, told = written(tmp_path, ["x"] * 12_000), tmp_path / "problems"
    done = await imported(file, "--system", system, "--problems", str(told))
    assert done.code == 1
    assert done.err.startswith("the import failed: ")
    assert "--resume" not in done.err, "it would fail again"
    lines = [json.loads(line)["line"] for line in told.read_text("utf-8").splitlines()]
    assert 10_000 < len(lines) < 12_000
    assert lines == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--key", "ia_demo_nobody"], "Credentials"),
        (["--purpose", "nonsense"], "urpose"),
        (["--system", "No System"], "/system"),
    ],
)
async def test_a_refusal_is_one_sentence(
    tmp_path: Path, system: str, options: list[str], named: str
) -> None:
    file = written(tmp_path, numbered(range(1)))
    refused = await imported(file, "--system", system, *options)
    assert (refused.code, refused.out) == (1, "")
    assert named in refused.err
    assert len(refused.err.splitlines()) == 1


async def test_a_file_of_51_parts_is_refused_before_anything_is_sent(
    tmp_path: Path, system: str
) -> None:
    file = written(tmp_path, numbered(range(10, 61)))
    with between() as there:
        options = ["--system", system, "--part-bytes", "100"]
        refused = await imported(file, *options, url=there.url)
        assert there.calls == []
    assert refused.code == 1
    assert "more than 50 parts" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["{file}"],
        ["/nonexistent", "--system", "x"],
        ["{file}", "--cancel", "{id}"],
        ["{file}", "--resume", "{id}", "--dry-run"],
        ["{file}", "--system", "x", "--columns", "{file}"],
        ["{file}", "--system", "x", "--url", "ftp://x"],
        ["{file}", "--system", "x", "--key", "ä"],
    ],
)
async def test_wrong_usage_is_2(tmp_path: Path, arguments: list[str]) -> None:
    known = {"file": written(tmp_path, "x"), "id": "01990000-0000-7000-8000-000000000001"}
    refused = await imported(*(one.format(**known) for one in arguments))
    assert refused.code == 2
    assert "Traceback" not in refused.err
