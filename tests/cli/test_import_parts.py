"""How a file is cut: the parts are the file, within the limits, and lines keep their places."""

import csv
import io
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.cli import import_parts
from integration_api.cli.base import RefusalError
from integration_api.cli.import_parts import MOST_PARTS, cut
from integration_api.imports import routes, schemas, service
from integration_api.imports.reading import records

FORM = {"delimiter": ";", "columns": {"external_id": "Zahl"}}
CELL = st.text(alphabet='a;"\n\rä ', max_size=12)


def written(folder: Path, content: str | bytes) -> Path:
    """A file with that content."""
    path = folder / "cases"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_limits_are_those_of_the_service() -> None:
    ours = (import_parts.MOST_BYTES, import_parts.MOST_LINES, MOST_PARTS)
    assert ours == (routes.PART.most, service.MOST_LINES, schemas.MOST_PARTS)


def test_lines_are_cut_whole_and_keep_their_places(tmp_path: Path) -> None:
    path = written(tmp_path, '{"a":1}\n\n{"ä":2}\n{"c":3}')
    parts = cut(path, None, 10)
    contents = [part.content(path) for part in parts]
    assert contents == [b'{"a":1}\n\n', '{"ä":2}\n'.encode(), b'{"c":3}']
    assert [p.sha256 for p in parts] == [sha256(c).hexdigest() for c in contents]
    assert [p.line_of(1) for p in parts] == [1, 3, 4]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_row_with_a_line_break_is_not_cut_and_each_part_has_the_header(
    tmp_path: Path, mark: str
) -> None:
    head = '"Größe\nin cm";Zahl\r\n'
    rows = ['1;"zwei\r\nZeilen ""so"""\r\n', "2;x\r\n", '3;"a\n\n\nb"\r\n']
    path = written(tmp_path, mark + head + "".join(rows))
    parts = cut(path, ";", len((head + rows[0]).encode()))
    contents = [head + rows[0], head + rows[1] + rows[2]]
    assert [p.content(path).decode() for p in parts] == contents
    assert [parts[0].line_of(n) for n in (1, 3)] == [1, 3]
    assert [parts[1].line_of(n) for n in (1, 3, 4)] == [1, 5, 6]


@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20), most=st.integers(80, 200))
def test_cut_or_not_the_service_reads_the_same_rows_at_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], most: int
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([("Zahl", "Ü"), *rows])
    path = written(tmp_path_factory.mktemp("cut"), text.getvalue())
    parts = cut(path, ";", most)
    assert all(part.size == len(part.content(path)) <= most for part in parts)
    whole = [(r.line, r.document) for r in records(text.getvalue(), FORM)]
    read = [
        (part.line_of(r.line), r.document)
        for part in parts
        for r in records(part.content(path).decode(), FORM)
    ]
    assert read == whole


def test_a_part_has_so_many_lines_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_parts, "MOST_LINES", 4)
    path = written(tmp_path, 'Zahl\n1\n"2\n2"\n3\n4\n')
    assert [p.lines for p in cut(path, ";")] == [4, 3]


@pytest.mark.parametrize(
    ("content", "delimiter", "named"),
    [
        (b"", None, "holds nothing"),
        (b"Zahl\n", ";", "holds nothing"),
        (b"{}\n" * (MOST_PARTS * 2 + 1), None, "more than 50 parts"),
        (b"{}\n\n{'long'}\n", None, "line 3"),
        (b"\xe4\n", None, "not UTF-8"),
        (b"\xe4;1\n", ";", "not UTF-8"),
        (b'Z\n1\n"open\n2\n', ";", "line 3"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, delimiter: str | None, named: str
) -> None:
    with pytest.raises(RefusalError, match=named) as refused:
        cut(written(tmp_path, content), delimiter, 8)
    assert len(str(refused.value).splitlines()) == 1


def test_fifty_parts_are_taken(tmp_path: Path) -> None:
    assert len(cut(written(tmp_path, b"{}\n" * MOST_PARTS * 2), None, 8)) == MOST_PARTS
