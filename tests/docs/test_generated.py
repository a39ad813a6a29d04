"""Generated pages say what the code says, and a stale one is noticed."""

from pathlib import Path

import pytest

from integration_api.app import LIFECYCLES
from integration_api.code_lists.service import entries
from integration_api.edge import door, guards
from integration_api.kernel.problems import REGISTRY
from integration_api.kernel.settings import PREFIX, Settings
from integration_api.kernel.tables import metadata
from tools import check_fresh, generate_docs, privacy_page

TABLES = [
    f"<!-- {name}: generated -->\nold table\n<!-- /{name} -->"
    for name in ("settings", "limits", "status")
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a page of operations, in which all generated pages are fresh."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/operations.md").write_text(
        "# Operations\n\n" + "\n\n".join(TABLES) + "\n\nBy hand.\n", "utf-8"
    )
    blocks = (*privacy_page.blocks(), "nothing")
    markers = "\n".join(f"<!-- {name}: generated -->\n<!-- /{name} -->" for name in blocks)
    (tmp_path / "docs/privacy.md").write_text(f"# Privacy\n\n{markers}\n", "utf-8")
    generate_docs.write(tmp_path)
    return tmp_path


def test_what_is_written_is_fresh(root: Path) -> None:
    assert len(generate_docs.pages(root)) == len(LIFECYCLES) + 5
    assert generate_docs.check(root) == []
    assert generate_docs.write(root) == []


def test_the_table_of_settings_has_every_setting_and_leaves_the_rest_alone(root: Path) -> None:
    text = (root / "docs/operations.md").read_text("utf-8")
    assert text.startswith("# Operations\n")
    assert text.endswith("\n\nBy hand.\n")
    assert "old table" not in text
    for name, field in Settings.model_fields.items():
        assert f"| `{PREFIX}{name.upper()}` |" in text
        assert field.description
        assert field.description in text


def test_the_table_of_limits_says_what_the_code_does(root: Path) -> None:
    text = (root / "docs/operations.md").read_text("utf-8")
    for limit in (guards.MOST_BODY, guards.MOST_HEADERS, door.MOST_HEAD):
        assert f"| {limit // 1024:,} KiB |" in text
    for name in ("CALLER_RATE", "ADDRESS_RATE", "POOL_WAIT_SECONDS", "REQUEST_DEADLINE_SECONDS"):
        assert f"| 429 | `{PREFIX}{name}` |" in text or f"| 503 | `{PREFIX}{name}` |" in text
    assert text.count("of `ia_app`, `migrations/roles.sql`") == 4


def test_the_drawings_have_every_state_and_arrow(root: Path) -> None:
    for one in LIFECYCLES:
        text = (root / f"docs/lifecycles/{one.name}.md").read_text("utf-8")
        assert "```mermaid\nstateDiagram-v2" in text
        assert [s for s in one.states if f"| `{s.value}` |" not in text] == []
        assert [t.name for t in one.transitions if f"- **{t.name}** (" not in text] == []


def test_the_page_of_problems_has_every_type(root: Path) -> None:
    text = (root / "openapi/problems.md").read_text("utf-8")
    assert [slug for slug in REGISTRY if f"`{slug}`\n" not in text] == []


def test_the_page_on_privacy_tells_of_every_table_and_column(root: Path) -> None:
    text = (root / "docs/privacy.md").read_text("utf-8")
    assert {t.name for t in metadata.sorted_tables} == set(privacy_page.HELD)
    for table in metadata.sorted_tables:
        assert f"`{table.name}`" in text
        if privacy_page.HELD[table.name]:
            assert [c for c in table.columns if c.name not in text] == []
    kinds = [e.code for name in ("agency_types", "roles") for e in entries(name)]
    assert [k for k in kinds if f"(`{k}`)" not in text] == []
    assert "| `health` | Health | Art. 9 GDPR | written, electronic | yes |" in text


def test_a_table_that_nobody_described_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    described = {n: held for n, held in privacy_page.HELD.items() if n != "case_note"}
    monkeypatch.setattr(privacy_page, "HELD", described)
    with pytest.raises(KeyError, match="case_note"):
        privacy_page.blocks()


def test_a_changed_a_missing_and_a_left_over_page_are_stale(root: Path) -> None:
    referral, left = root / "docs/lifecycles/referral.md", root / "docs/lifecycles/gone.md"
    referral.write_text(referral.read_text("utf-8") + "by hand\n", "utf-8")
    (root / "openapi/problems.md").unlink()
    left.write_text("left over\n", "utf-8")
    stale = {str(path) for path in generate_docs.check(root)}
    assert stale == {
        "docs/lifecycles/gone.md",
        "docs/lifecycles/referral.md",
        "openapi/problems.md",
    }
    generate_docs.write(root)
    assert generate_docs.check(root) == []
    assert not left.exists()


def test_a_page_without_markers_is_an_error_not_a_silence(root: Path) -> None:
    (root / "docs/operations.md").write_text("# Operations\n", "utf-8")
    with pytest.raises(ValueError, match=r"operations\.md needs the lines"):
        generate_docs.check(root)


def test_the_gate_names_what_is_stale(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_fresh.main(root) == 0
    (root / "openapi/problems.md").write_text("stale\n", "utf-8")
    assert check_fresh.main(root) == 1
    assert "STALE  openapi/problems.md" in capsys.readouterr().out
