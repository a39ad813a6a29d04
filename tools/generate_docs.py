"""The pages that the code writes: drawings, problem types, tables of settings and of rules.

python tools/generate_docs.py write     writes them
python tools/generate_docs.py check     exit 1 and the names of those that are stale
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from integration_api.app import LIFECYCLES
from integration_api.contract.promises import promises
from integration_api.contract.terms import glossary
from integration_api.health.service import rules
from integration_api.kernel.lifecycle import Lifecycle, Transition
from integration_api.kernel.operations import camel
from integration_api.kernel.problems import REGISTRY
from integration_api.kernel.settings import PREFIX, Settings
from integration_api.tandem.gates import GATES
from integration_api.tandem.rules import STATUSES
from tools import privacy_page, rules_page
from tools.limits_table import limits

ROOT = Path(__file__).resolve().parents[1]
DRAWINGS = Path("docs/lifecycles")
OPERATIONS = Path("docs/operations.md")
PRIVACY = Path("docs/privacy.md")
RULES = Path("docs/rules.md")
CONTRACT = Path("openapi/README.md")
GLOSSARY = Path("docs/glossary.md")
GENERATED = "<!-- Generated from the code by `make docs`; change the code, not this page. -->"


def pages(root: Path = ROOT) -> dict[Path, str]:
    """Every generated page: its path below `root` and its whole text.

    Raises:
        ValueError: a page that is generated in part has lost its markers.
    """
    found = {DRAWINGS / f"{one.name}.md": _drawing(one) for one in LIFECYCLES}
    found[DRAWINGS / "README.md"] = _drawings()
    found[DRAWINGS / "tandem_case.md"] = _tandem()
    found[Path("openapi/problems.md")] = _problems()
    operations = {"settings": _settings(), "limits": limits_table(), "status": _status()}
    in_part = (
        (OPERATIONS, operations),
        (PRIVACY, _privacy()),
        (RULES, _rules()),
        (CONTRACT, {"promises": _promises()}),
        (GLOSSARY, _glossary()),
    )
    for path, blocks in in_part:
        if (root / path).exists():
            found[path] = _filled(path, (root / path).read_text("utf-8"), blocks)
    return found


def write(root: Path = ROOT) -> list[Path]:
    """Write what is stale and remove drawings of what is no longer drawn; name both."""
    found = pages(root)
    stale = check(root)
    for path in stale:
        if path in found:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(found[path], "utf-8")
        else:
            (root / path).unlink()
    return stale


def check(root: Path = ROOT) -> list[Path]:
    """The pages that differ from what the code says."""
    found = pages(root)
    stale = [p for p, text in found.items() if not _same(root / p, text)]
    there = (path.relative_to(root) for path in (root / DRAWINGS).glob("*.md"))
    return sorted([*stale, *(path for path in there if path not in found)])


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def _drawings() -> str:
    lines = [f"- [{one.name.replace('_', ' ')}]({one.name}.md)" for one in LIFECYCLES]
    head = "# Lifecycles\n\nA status moves only along a drawn arrow. The drawings stand in the code"
    text = " (`lifecycle.py` of each noun) and are served at `/v1/lifecycles`."
    return "\n".join([GENERATED, "", head + text, "", *lines]) + "\n"


def _tandem() -> str:
    """The gates, and the status that follows: no drawing, since nobody moves it."""
    gates = [
        (gate.name, gate.label[1], f"`{need.code}`", need.label[0], need.label[1])
        for gate in GATES
        for need in gate.needs
    ]
    statuses = [
        (f"`{status.value}`", f"`{need.code}`", need.label[0], need.label[1])
        for status, needs in STATUSES
        for need in needs
    ]
    return "\n".join(
        [
            GENERATED,
            "",
            "# tandem_case",
            "",
            "Nobody moves a tandem case: its status follows from its tracks. The first row with a",
            "reason that holds gives it; without one it is `open`, and says what G0 lacks.",
            "",
            _table(("Status", "Reason", "Deutsch", "English"), statuses),
            "",
            "## Gates",
            "",
            _table(("Gate", "", "Need", "Deutsch", "English"), gates),
            "",
        ]
    )


def _drawing(one: Lifecycle[Any]) -> str:
    states = (
        (
            f"`{state.value}`",
            one.labels[state][0],
            one.labels[state][1],
            " ".join(["begin"] * (state in one.initial) + ["end"] * (state in one.final)),
        )
        for state in one.states
    )
    parties = ((f"`{name}`", *labels) for name, labels in one.parties.items())
    arrows = (_arrow(one, arrow) for arrow in one.transitions)
    guards = {guard.name: guard for arrow in one.transitions for guard in arrow.guards}
    parts = [
        GENERATED,
        f"# {one.name.replace('_', ' ').capitalize()}",
        f"```mermaid\n{one.mermaid().rstrip()}\n```",
        "## States\n\n" + _table(("State", "German", "English", ""), states),
        "## Parties\n\n" + _table(("Party", "German", "English"), parties),
        "## Arrows\n\n" + _table(("Arrow", "From", "To", "By", "Needs", "Event"), arrows),
        "\n".join(f"- **{a.name}** ({a.label_de}): {a.doc}" for a in one.transitions),
    ]
    if guards:
        rows = ((f"`{guard.name}`", guard.de, guard.en) for guard in guards.values())
        parts.append("## Conditions\n\n" + _table(("Not met", "German", "English"), rows))
    return "\n\n".join(parts) + "\n"


def _arrow(one: Lifecycle[Any], arrow: Transition[Any]) -> tuple[str, ...]:
    fired = arrow.by != {"system"}
    needs = [f"code of `{arrow.reasons}`"] if arrow.reasons else []
    needs += [f"`{guard.name}`" for guard in arrow.guards]
    return (
        f"`{camel(arrow.name, one.name)}`" if fired else arrow.name,
        ", ".join(state.value for state in one.states if state in arrow.sources),
        arrow.target.value,
        ", ".join(sorted(map(str, arrow.by))),
        ", ".join(needs),
        f"`{arrow.event}`",
    )


def _problems() -> str:
    parts = [
        GENERATED,
        "# Problem types",
        "Every error of the API is one of these, served in German and English at"
        " `/problems/{slug}`.",
    ]
    for kind in REGISTRY.values():
        members = ", ".join(f"`{name}`" for name in kind.members)
        lines = [
            f"## {kind.status} `{kind.slug}`",
            "",
            f"**{kind.title_en}** · {kind.title_de}",
            "",
            f"- {kind.cause_en} {kind.remedy_en}",
            f"- {kind.cause_de} {kind.remedy_de}",
        ]
        parts.append("\n".join(lines + ([f"- Further members: {members}"] if members else [])))
    return "\n\n".join(parts) + "\n"


def _filled(path: Path, text: str, blocks: dict[str, str]) -> str:
    """The page with each block between its markers, which stand on lines of their own."""
    for name, block in blocks.items():
        begin, end = f"<!-- {name}: generated -->", f"<!-- /{name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{path} needs the lines {begin} and {end}, once each")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{block}\n\n{end}{rest.partition(end)[2]}"
    return text


def _privacy() -> dict[str, str]:
    tables = {name: _table(*found) for name, found in privacy_page.blocks().items()}
    names = ", ".join(f"`{name}`" for name in privacy_page.nothing_personal())
    return tables | {"nothing": f"Nothing of people stands in {names}."}


def limits_table() -> str:
    """Every limit of a request, the answer beyond it, and where it can be changed."""
    return _table(("What", "Limit", "Beyond it", "Changed in"), limits())


def _promises() -> str:
    """What a client may rely on, as `/docs/compatibility` shows it."""
    sections = (
        "\n".join([f"## {heading[1]}", "", *(f"- {item[1]}" for item in items)])
        for heading, items in promises().values()
    )
    return "\n\n".join(sections)


def _glossary() -> dict[str, str]:
    """The terms, as the page /docs/glossary shows them in English."""
    return {
        part.name: _table(
            ("German", "English name", part.column.replace("_", " ").capitalize(), "Source"),
            ((term.german, term.name, term.en, term.source) for term in part.terms),
        )
        for part in glossary()
    }


def _status() -> str:
    """From when on a part of `/status` is late, or has failed."""
    rows = []
    for name, rule in rules().items():
        late = [f"from {s:g} s on" if s else "never" for s in (rule.warn, rule.fail)]
        if rule.share:
            late[0] = f"{100 * (1 - rule.share):g} % or less, of {rule.least} attempts or more"
        if rule.warn or rule.share:
            rows.append((f"`{name}`", rule.about[1], *late))
    return _table(("Part", "Shown", "`warn`", "`fail`"), rows)


def _rules() -> dict[str, str]:
    return {name: _table(head, rows) for name, (head, rows) in rules_page.blocks().items()}


def _settings() -> str:
    rows = ((f"`{PREFIX}{n.upper()}`", *_setting(f)) for n, f in Settings.model_fields.items())
    return _table(("Setting", "Default", "Values", "Meaning"), rows)


def _setting(field: FieldInfo) -> tuple[str, str, str]:
    value = json.dumps(field.default) if isinstance(field.default, tuple) else field.default
    default = "" if value is None else f"`{value}`"
    return default, " ".join(_values(field)), field.description or ""


def _values(field: FieldInfo) -> Iterator[str]:
    choices = get_args(field.annotation)
    if choices and all(isinstance(value, str) for value in choices):
        yield ", ".join(f"`{value}`" for value in choices)
    words = (("gt", "more than"), ("ge", "from"), ("lt", "less than"), ("le", "to"))
    for name, word in words:
        for bound in field.metadata:
            if (value := getattr(bound, name, None)) is not None:
                yield f"{word} {value:g}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in row] for row in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def main(arguments: list[str] | None = None) -> int:
    """Write or check; the exit code of `check` is the verdict."""
    parser = argparse.ArgumentParser(description="Generated documentation pages.")
    parser.add_argument("what", choices=("write", "check"))
    given = parser.parse_args(arguments)
    stale = write() if given.what == "write" else check()
    for path in stale:
        print(f"{'written' if given.what == 'write' else 'STALE'}  {path}")
    return int(bool(stale) and given.what == "check")


if __name__ == "__main__":
    sys.exit(main())
