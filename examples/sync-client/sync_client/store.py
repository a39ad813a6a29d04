"""The copy, in one file that is only ever appended to: a line is a step, whole or not there.

What a step changed and the cursor behind it are one line, flushed to the disk before it counts: a
process that is killed at any moment begins again where the last whole line left it.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

MOST_STEPS = 10_000
"""After so many steps the file is written anew, with what is held and nothing of what was."""
Key = tuple[str, str]
"""Type and id of a resource."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Store:
    """Resources by type and id, as the service sent them; which of them names which id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.cursor: str | None = None
        self._steps = 0
        self.resources: dict[Key, str] = {}
        self._naming: dict[str, set[Key]] = defaultdict(set)
        self._read()

    def _read(self) -> None:
        if not self._path.exists():
            return
        whole = self._path.read_bytes()
        end = whole.rfind(b"\n") + 1
        for line in whole[:end].splitlines():
            self._apply(json.loads(line))
            self._steps += 1
        if end < len(whole):  # a step that was cut off never happened
            with self._path.open("r+b") as file:
                file.truncate(end)

    def naming(self, id: str) -> set[Key]:
        """What is held and names that id, itself among it."""
        return set(self._naming[id])

    def commit(self, changed: Mapping[Key, str | None], cursor: str) -> None:
        """One step: resources that are new or changed, None for one that is gone; the cursor."""
        self._append([[*key, text] for key, text in changed.items()], cursor)
        if self._steps >= MOST_STEPS:
            self.replace(list(self.resources.items()), cursor)

    def replace(self, resources: Iterable[tuple[Key, str]], cursor: str) -> None:
        """A snapshot: what is not in it is gone. The file begins anew, and is swapped in whole."""
        step = {"set": [[*key, text] for key, text in resources], "cursor": cursor}
        self._steps = 0
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            _write(file.fileno(), step)
        fresh.replace(self._path)
        self.resources.clear()
        self._naming.clear()
        self._apply(step)

    def _append(self, pairs: list[list[str | None]], cursor: str) -> None:
        step = {"set": pairs, "cursor": cursor}
        with self._path.open("ab") as file:
            _write(file.fileno(), step)
        self._steps += 1
        self._apply(step)

    def _apply(self, step: Mapping[str, object]) -> None:
        pairs = step["set"]
        assert isinstance(pairs, list)
        for type_, id, text in pairs:
            self._put((type_, id), text)
        self.cursor = str(step["cursor"])

    def _put(self, key: Key, text: str | None) -> None:
        for id in _ID.findall(self.resources.pop(key, "")):
            self._naming[id].discard(key)
        if text is not None:
            self.resources[key] = text
            for id in _ID.findall(text):
                self._naming[id].add(key)


def _write(file: int, step: Mapping[str, object]) -> None:
    left = memoryview(json.dumps(step, ensure_ascii=False).encode() + b"\n")
    while left:
        left = left[os.write(file, left) :]
    os.fsync(file)
