"""Names are folded alike in Python and in the database, and stand in the order of German lists."""

import unicodedata
from pathlib import Path

import pytest
from asyncpg import Connection

from integration_api.code_lists import names

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"
BLOCKS = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x250, 0x2B0), *range(0x1E00, 0x1F00)]
SEQUENCES = [
    *("A̋", "C̀", "C̄", "C̆", "C̈", "C̕", "C̣", "C̦", "C̨̆", "D̂", "F̀", "F̄", "G̀", "H̄", "H̦", "H̱"),
    *("J́", "J̌", "K̀", "K̂", "K̄", "K̇", "K̕", "K̛", "K̦", "K͟H", "K͟h", "L̂", "L̥", "L̥̄", "L̦", "M̀"),
    *("M̂", "M̆", "M̐", "N̂", "N̄", "N̆", "N̦", "P̀", "P̄", "P̕", "P̣", "R̆", "R̥", "R̥̄", "S̀", "S̄"),
    *("S̛̄", "S̱", "T̀", "T̄", "T̈", "T̕", "T̛", "U̇", "Z̀", "Z̄", "Z̆", "Z̈", "Z̧", "a̋", "c̀", "ch̓"),
    *("ẖ", "k͟h", "l̥", "r̥̄", "s̛̄", "u̇", "z̧", "Û̄", "û̄", "Ç̆", "ç̆", "Ä̀", "ő̈", "ü̱"),
]
"""Letters of DIN 91379 that Unicode writes as several; what are single ones is in the blocks."""
LATIN = [chr(n) for n in BLOCKS if unicodedata.category(chr(n))[0] == "L"]
DIN = [c for c in LATIN if ord(c) < 0x180 or 0x1E00 <= ord(c) < 0x1EFA or c in "ƏəƠơƯưƷʒǤǥȘșȚț"]
DIN = [c for c in DIN if c not in "ªºµẚẛẜẝẟ"]


async def test_python_and_the_database_agree_on_every_letter(connection: Connection) -> None:
    texts = [*(chr(n) for n in BLOCKS), *SEQUENCES]
    texts += [f"x{t}y Z" for t in texts] + ["D'Artagnan  \t–  Œuvre", "", " ·\n- ", "İĲß"]
    rows = await connection.fetch(
        "select t, ia.name_key(t) as key from unnest($1::text[]) t", texts
    )
    assert len(rows) > 1500
    assert {r["t"]: r["key"] for r in rows} == {t: names.fold(t) for t in texts}


def test_every_letter_of_din_91379_becomes_plain_ones() -> None:
    assert len(DIN) > 350
    left = {c: names.fold(c) for c in [*DIN, *SEQUENCES] if not names.fold(c).isascii()}
    assert left == {}
    assert {c for c in DIN if not names.fold(c)} == set()


def test_the_migration_has_what_the_table_makes() -> None:
    (path,) = MIGRATIONS.glob("*_0024_directory.py")
    assert names.key_sql() in path.read_text("utf-8")


async def test_names_stand_in_the_order_of_telephone_books(connection: Connection) -> None:
    given = [
        "Zander",
        "Özil",
        "Muller",
        "Ahorn",
        "Şahin",
        "Müller",
        "Ähre",
        "Oz",
        "Sander",
        "Mueller",
    ]
    rows = await connection.fetch(
        "select t from unnest($1::text[]) with ordinality g (t, n)"
        ' order by ia.name_key(t) collate "C", n',
        given,
    )
    assert [r["t"] for r in rows] == [
        *("Ähre", "Ahorn", "Müller", "Mueller", "Muller", "Özil", "Oz", "Şahin", "Sander", "Zander")
    ]


@pytest.mark.parametrize(
    ("name", "sought", "found"),
    [
        ("Müller", "Mueller", True),
        ("Mueller", "MÜLLER", True),
        ("Şahin", "sahin", True),
        ("Sprachkurs am Abend", "kurs", True),
        ("Sprachkurs am Abend", "abend sprach", True),
        ("Sprachkurs am Abend", "kurse", False),
        ("Sprachkurs am Abend", "abend morgen", False),
        ("Kurs", "", False),
        ("Kurs", "&|!:*()'\\", False),
        ("Kurs", "kurs:* | 'nichts", False),
        ("Jobcenter", "j", True),
    ],
)
async def test_a_word_finds_names_that_hold_it(
    connection: Connection, name: str, sought: str, *, found: bool
) -> None:
    sql = "select ia.search_words($1, '') @@ $2::text::tsquery"
    assert await connection.fetchval(sql, name, names.search(sought)) is found


async def test_of_longer_texts_whole_words_are_found(connection: Connection) -> None:
    sql = "select ia.search_words('Kurs', 'Für Eltern') @@ $1::text::tsquery"
    assert await connection.fetchval(sql, names.search("fuer elt"))
    assert not await connection.fetchval(sql, names.search("tern"))


def test_a_search_is_bounded() -> None:
    assert names.search("a " * 40).count(":*") == names.MOST_WORDS
    assert len(names.search("x" * 100)) == names.LONGEST + len("'':*")
