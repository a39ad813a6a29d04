"""The forms in which lists are published, read to the letter or refused by line."""

from datetime import date

import pytest

from integration_api.code_lists.formats import LoadError, parse
from tests.code_lists.files import area, gv100ad, xrepository


def test_the_municipalities_are_read_from_records_of_fixed_width() -> None:
    content = parse("gv100ad", "ags", gv100ad(), {})
    assert content.version == "2026-09-30"
    shown = {e.code: (e.de, dict(e.attributes)) for e in content.entries.values()}
    assert shown == {
        "05124000": ("Wuppertal, Stadt", {"ars": "051240000000", "kind": "city_district"}),
        "01051000": ("Dithmarschen", {"ars": "010510000000", "kind": "district"}),
        "01051001": ("Albersdorf", {"ars": "010515163001", "kind": "municipality"}),
        "09180451": ("Ettaler Forst", {"ars": "091809451451", "kind": "unincorporated"}),
    }


def test_the_regional_keys_are_the_same_records_the_other_way_round() -> None:
    by_ars = parse("gv100ad", "ars", gv100ad(), {}).entries
    by_ags = parse("gv100ad", "ags", gv100ad(), {}).entries
    assert {e.attributes["ags"]: code for code, e in by_ars.items()} == {
        code: e.attributes["ars"] for code, e in by_ags.items()
    }
    assert all(code[:5] + code[9:] == e.attributes["ags"] for code, e in by_ars.items())


def test_the_columns_of_the_xrepository_are_named_by_the_operator() -> None:
    rows: list[list[str | None]] = [["423", "afghanisch", "AF"], ["997", "staatenlos", None]]
    columns = {"Staatsangehoerigkeit": "de", "ISO2": "attributes.iso2"}
    content = parse("xrepository", "nationalities", xrepository(rows), columns)
    assert (content.version, content.source) == (
        "2026-02-19",
        "XRepository, urn:xoev-de:example:staat",
    )
    assert dict(content.entries["423"].attributes) == {"iso2": "AF"}
    assert dict(content.entries["997"].attributes) == {}


def test_a_table_is_read_with_commas_or_semicolons() -> None:
    text = "code,de,en,valid_from,valid_to,attributes.level\n43102,Informatik,IT,2020-01-01,,2\n"
    entry = parse("csv", "occupations", text.encode(), {}).entries["43102"]
    assert (entry.de, entry.en, entry.valid_from) == ("Informatik", "IT", date(2020, 1, 1))
    assert dict(entry.attributes) == {"level": "2"}
    again = parse("csv", "occupations", text.replace(",", ";").encode("utf-8-sig"), {})
    assert again.entries["43102"] == entry
    bare = parse("csv", "occupations", "code;de\n1;Führung\n".encode("cp1252"), {}).entries["1"]
    assert (bare.de, bare.en) == ("Führung", "Führung")


def test_every_line_that_is_wrong_is_named() -> None:
    text = (
        "code,de,valid_from,valid_to\n"
        "a 1,Leerzeichen,,\n"
        "2,,,\n"
        "3,Tag,2026-02-30,\n"
        "4,Tag,1.1.2026,\n"
        "5,Ende,2026-02-01,2026-01-01\n"
        "6,gut,,\n"
        "6,doppelt,,\n"
    )
    with pytest.raises(LoadError) as refused:
        parse("csv", "occupations", text.encode(), {})
    assert [line.split(":")[0] for line in str(refused.value).split("\n")] == [
        f"line {number}" for number in (2, 3, 4, 5, 6, 8)
    ]


@pytest.mark.parametrize(
    ("form", "name", "data", "says"),
    [
        ("csv", "x", b"code,de,colour\n1,a,red\n", "line 1: unknown column colour"),
        ("csv", "x", b"code,en\n1,a\n", "line 1: 0 columns `de`"),
        ("csv", "x", b"code,de,de\n1,a,b\n", "line 1: 2 columns `de`"),
        ("csv", "x", b"code,de\n1,a\n2\n", "line 3: 1 cells instead of 2"),
        ("csv", "x", b'code,de\n1,"a"b\n', "line 2: "),
        ("csv", "x", b"code,de\n", "no code in the file"),
        ("csv", "x", b"", "0 columns `code`"),
        ("csv", "x", b"code,de\n1,a\x00b\n", "line 2: "),
        ("xrepository", "x", b"[]", "not the JSON"),
        ("xrepository", "x", b"{", "not the JSON"),
        ("xrepository", "x", xrepository([["1", "a", "b"]]), "unknown column Staatsangehoerigkeit"),
        ("gv100ad", "languages", gv100ad(), "holds the lists `ags` and `ars`"),
        ("gv100ad", "ags", b"60 nothing of the kind", "line 1: no key"),
        ("gv100ad", "ags", b"", "0 days"),
        (
            "gv100ad",
            "ags",
            gv100ad(more=area("60", "05315000", "0000", "Köln", "61", "20260630")),
            "2 days",
        ),
    ],
)
def test_what_is_no_list_is_refused(form: str, name: str, data: bytes, says: str) -> None:
    with pytest.raises(LoadError) as refused:
        parse(form, name, data, {})
    assert says in str(refused.value)


def test_of_many_wrong_lines_twenty_are_told() -> None:
    text = "code,de\n" + "?,x\n" * 50
    with pytest.raises(LoadError) as refused:
        parse("csv", "x", text.encode(), {})
    told = str(refused.value).split("\n")
    assert (len(told), told[-1]) == (21, "and 30 more")
