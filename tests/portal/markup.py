"""A page as its reader's browser takes it apart, and what is wrong with it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "input", "img"}
DRAWN = {"circle", "path", "rect"}
"""Elements of a drawing that close themselves."""


class Markup(HTMLParser):
    """Reads one page; `wrong` lists what a validator would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[tuple[str, bool]] = []
        self.headings: list[int] = []
        self.named: list[str] = []
        self.lang: str | None = None
        self._open: list[str] = []
        self.feed(text)
        self._judge()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without an end."""
        self._seen(tag, dict(attrs))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._seen(tag, dict(attrs))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the last one that began."""
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def _seen(self, tag: str, given: dict[str, str | None]) -> None:
        self.wrong += [f"{tag} has {name}" for name in given if name == "style" or name[:2] == "on"]
        if tag == "script" and "src" not in given:
            self.wrong.append("a script in the page")
        if tag == "html":
            self.lang = given.get("lang")
        if found := given.get("id"):
            self.ids.append(found)
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "label" and (target := given.get("for")):
            self.labelled.add(target)
        if tag in ("input", "select", "textarea"):
            self.fields.append((given.get("id") or "", "label" in self._open))
        if tag in ("h1", "h2", "h3", "h4", "h5"):
            self.headings.append(int(tag[1]))
        self.named += [
            one
            for name in ("aria-labelledby", "aria-describedby")
            for one in (given.get(name) or "").split()
        ]

    def _judge(self) -> None:
        self.wrong += [f"<{tag}> stays open" for tag in self._open]
        self.wrong += [f"#{one} twice" for one in set(self.ids) if self.ids.count(one) > 1]
        self.wrong += [f"#{one} is missing" for one in self.named if one not in self.ids]
        self.wrong += [
            f"the field {name} has no label"
            for name, inside in self.fields
            if not inside and name not in self.labelled
        ]
        self.wrong += [f"#{one} labels nothing" for one in self.labelled if one not in self.ids]
        if self.headings.count(1) != 1 or self.headings[0] != 1:
            self.wrong.append("not one h1, first of all")
        pairs = zip(self.headings, self.headings[1:], strict=False)
        self.wrong += [
            f"h{after} follows h{before}" for before, after in pairs if after > before + 1
        ]
        self.wrong += ["a link to nowhere"] * self.links.count("")
