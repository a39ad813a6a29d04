"""The question of the start page as a form without a script, and its answer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from html import escape
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from integration_api.code_lists.names import fold
from integration_api.code_lists.service import Language, attributes, entries, label
from integration_api.kernel import clock
from integration_api.rules.facts import FACTS, STATUS, Fact

from .question import NONE_OF, Asked
from .texts import say

HREFS = {"hotline": "tel:", "phone": "tel:", "email": "mailto:", "web": "", "video": ""}
"""How a way to reach an agency is a link, where it is one."""


def form(places: Sequence[Mapping[str, Any]], asked: Asked, lang: Language) -> str:
    """The form, with what was chosen; and, below what was asked, fields for what is missing."""
    if not places:
        return f'<p class="note">{say("ask_away", lang)}</p>'
    chosen, facts = asked.chosen, asked.facts
    fields = [
        _field(
            "audience", say("ask_audience", lang), _codes("audiences", chosen, "audience", lang)
        ),
        _field("concern", say("ask_concern", lang), _codes("concerns", chosen, "concern", lang)),
        _field("municipality_id", say("ask_place", lang), _places(places, chosen)),
        _field(STATUS, say("ask_status", lang), _statuses(facts.get(STATUS), lang)),
    ]
    more = "".join(_more(FACTS[name], facts.get(name), lang) for name in _wanted(asked))
    if more:
        more = (
            f"<fieldset><legend>{say('ask_more', lang)}</legend>"
            f'<p class="note">{say("ask_more_text", lang)}</p>{more}</fieldset>'
        )
    return (
        f'<form method="post" action="/?lang={lang}#answer" class="ask">{"".join(fields)}{more}'
        f'<p><button type="submit">{say("ask_send", lang)}</button></p></form>'
    )


def answer(asked: Asked, lang: Language) -> str:
    """Who is responsible, grouped by what they do; and the law behind it."""
    found = asked.answer
    if found is None:
        return ""
    groups = groupby(found["agencies"], key=lambda one: str(one["function"]))
    parts = [_group(function, list(named), lang) for function, named in groups]
    parts += [_missing_agency(one, lang) for one in found["unanswered"] if one["certain"]]
    parts += [_law(one, lang) for one in found["answers"]]
    if change := found["next_change"]:
        parts.append(f"<p>{say('ask_change', lang)} {_day(change['on'], lang)}.</p>")
    title = label("concerns", found["concern"], lang)
    place = escape(found["municipality"]["name"])
    return (
        f'<div id="answer" class="answer"><h3>{escape(title)} · {place}</h3>'
        f'<p class="note">{say("ask_orientation", lang)} {_day(found["as_of"], lang)}.</p>'
        f"{''.join(parts)}</div>"
    )


def refused(text: str) -> str:
    """That there is no answer, in one sentence."""
    return f'<div id="answer" class="answer"><p role="alert">{escape(text)}</p></div>'


def _wanted(asked: Asked) -> list[str]:
    """The facts that the form offers beside the status: told ones, and missing ones."""
    named = set(asked.facts)
    if found := asked.answer:
        named.update(found["missing_facts"], *(one["missing_facts"] for one in found["answers"]))
    return [n for n, fact in FACTS.items() if n in named - {STATUS} and not fact.derived]


def _group(function: str, named: Sequence[Mapping[str, Any]], lang: Language) -> str:
    cards = "".join(_card(one, lang) for one in named)
    return f'<section class="who"><h4>{say(f"ask_{function}", lang)}</h4>{cards}</section>'


def _card(one: Mapping[str, Any], lang: Language) -> str:
    agency = one["agency"]
    above = f" · {escape(agency['parent']['name'])}" if agency["parent"] else ""
    lines = [f"<p>{escape(one['because'][lang])}</p>"]
    if not one["certain"]:
        names = ", ".join(_fact_name(n, lang) for n in one["depends_on_missing_facts"])
        lines.append(f'<p class="note">{say("ask_uncertain", lang)} {names}</p>')
    reach = "".join(_contact(point) for point in one["contact_points"])
    lines.append(f'<ul class="reach">{reach}</ul>' if reach else "")
    lines += [f"<p>{_site(site, lang)}</p>" for site in one["sites"]]
    waits = [_wait(w, lang) for w in one["waiting_times"]]
    lines.append(f"<p>{' · '.join(waits) or say('ask_no_wait', lang)}</p>")
    if one["legal_basis"]:
        lines.append(f'<p class="basis">{escape(", ".join(one["legal_basis"]))}</p>')
    return f"<article><h5>{escape(agency['name'])}{above}</h5>{''.join(lines)}</article>"


def _contact(point: Mapping[str, Any]) -> str:
    shown, channel = escape(point["value"]), str(point["channel"])
    prefix = HREFS.get(channel)
    if prefix == "tel:":
        shown = f'<a href="tel:{escape(point["value"].replace(" ", ""))}">{shown}</a>'
    elif prefix is not None and (prefix or point["value"].startswith("https://")):
        shown = f'<a href="{prefix}{shown}">{shown}</a>'
    return f"<li>{escape(point['label'])}: {shown}</li>"


def _site(site: Mapping[str, Any], lang: Language) -> str:
    """Where it is, and whether it is open; a time is that of the site."""
    town = " ".join(filter(None, (site["postal_code"], site["place"])))
    inside = (site["floor"], site["room"])
    where = ", ".join(filter(None, (site["name"], site["street"], town, *inside)))
    opening = ""
    if site["open_now"] == "yes":
        opening = say("ask_open", lang)
    elif site["next_opening"]:
        then = datetime.fromisoformat(site["next_opening"]).astimezone(ZoneInfo(site["time_zone"]))
        opening = f"{say('ask_opens', lang)} {_day(then.date(), lang)}, {then:%H:%M}"
    return f"{escape(where)}{f' · {opening}' if opening else ''}"


def _wait(seen: Mapping[str, Any], lang: Language) -> str:
    kind = escape(label("waiting_time_kinds", seen["kind"], lang))
    on = datetime.fromisoformat(seen["observed_at"]).astimezone(clock.BERLIN).date()
    return f"{kind}: <b>{int(seen['days'])}</b> ({say('ask_seen', lang)} {_day(on, lang)})"


def _missing_agency(one: Mapping[str, Any], lang: Language) -> str:
    return f'<p class="note">{escape(one["because"][lang])}</p>'


def _law(one: Mapping[str, Any], lang: Language) -> str:
    basis = f' <span class="basis">{escape(", ".join(one["legal_basis"]))}</span>'
    bill = one["upcoming"]
    coming = f" {say('ask_upcoming', lang)} {escape(bill['explanation'][lang])}" if bill else ""
    return f"<p>{escape(one['explanation'][lang])}{basis}{coming}</p>"


def _field(name: str, title: str, options: str) -> str:
    return (
        f'<p><label for="f_{name}">{title}</label>'
        f'<select id="f_{name}" name="{name}">{options}</select></p>'
    )


def _options(pairs: Iterable[tuple[str, str]], chosen: str | None) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(text)}</option>"
        for value, text in pairs
    )


def _codes(name: str, chosen: Mapping[str, str], of: str, lang: Language) -> str:
    pairs = ((e.code, getattr(e, lang)) for e in entries(name, clock.today()))
    return _options(pairs, chosen.get(of))


def _places(places: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]) -> str:
    pairs = ((str(one["id"]), str(one["name"])) for one in places)
    return _options(pairs, chosen.get("municipality_id"))


def _statuses(chosen: str | None, lang: Language) -> str:
    """All statuses in use, by their groups."""
    unknown = _options([("", say("ask_unknown", lang))], chosen or "")
    by_group: dict[str, list[tuple[str, str]]] = {}
    for one in entries("residence_status_codes", clock.today()):
        group = str(attributes("residence_status_codes", one.code)["status_group"])
        by_group.setdefault(group, []).append((one.code, f"{getattr(one, lang)} ({one.code})"))
    groups = (
        f'<optgroup label="{escape(label("status_groups", group, lang))}">'
        f"{_options(pairs, chosen)}</optgroup>"
        for group, pairs in by_group.items()
    )
    return unknown + "".join(groups)


def _more(fact: Fact, value: Any, lang: Language) -> str:
    """The field of one fact."""
    title, name = _fact_name(fact.name, lang), fact.name
    unknown = ("", say("ask_unknown", lang))
    match fact.kind:
        case "flags":
            return _boxes(fact, value, title, lang)
        case "flag":
            told = {True: "yes", False: "no"}.get(value, "")
            pairs = [unknown, ("yes", say("ask_yes", lang)), ("no", say("ask_no", lang))]
            return _field(name, title, _options(pairs, told))
        case "code" | "codes":
            told = (value[0] if value else NONE_OF) if isinstance(value, list) else value
            return _field(name, title, _options([unknown, *_choices(fact, lang)], told or ""))
        case kind:
            sort = "date" if kind == "day" else "number"
            told = escape(str(value or ""))
            return (
                f'<p><label for="f_{name}">{title}</label>'
                f'<input id="f_{name}" name="{name}" type="{sort}" value="{told}"></p>'
            )


def _boxes(fact: Fact, value: Any, title: str, lang: Language) -> str:
    told = set(value or ()) | ({NONE_OF} if value == [] else set())
    pairs = [*_choices(fact, lang), (NONE_OF, say("ask_none", lang))]
    boxes = "".join(
        f'<label><input type="checkbox" name="{fact.name}" value="{escape(code)}"'
        f"{' checked' if code in told else ''}> {escape(text)}</label>"
        for code, text in pairs
    )
    return f'<fieldset class="boxes"><legend>{title}</legend>{boxes}</fieldset>'


def _choices(fact: Fact, lang: Language) -> list[tuple[str, str]]:
    if fact.values is not None:
        return [(code, text[lang]) for code, text in fact.values.items()]
    if fact.list is None:  # states, which rules compare by their ISO code
        states = ((e.attributes.get("iso2"), getattr(e, lang)) for e in entries(fact.name))
        found = ((iso.lower(), text) for iso, text in states if iso)
        return sorted(found, key=lambda pair: fold(pair[1]))
    return [(e.code, getattr(e, lang)) for e in entries(fact.list, clock.today())]


def _fact_name(name: str, lang: Language) -> str:
    return escape(FACTS[name].de if lang == "de" else FACTS[name].en)


def _day(day: date | str, lang: Language) -> str:
    on = date.fromisoformat(day) if isinstance(day, str) else day
    shown = f"{on:%d.%m.%Y}" if lang == "de" else f"{on}"
    return f'<time datetime="{on}">{shown}</time>'
