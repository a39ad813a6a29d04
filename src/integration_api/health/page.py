"""How the service is, as a page and as a document. Source: draft-inadarei-api-health-check-06."""

from collections.abc import Sequence

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from integration_api.code_lists.service import Language
from integration_api.kernel import clock
from integration_api.portal.frame import fill, lang_of, page
from integration_api.portal.texts import prose, say, texts

from .service import COUNT_SECONDS, Part, overall, rules

HERE = __package__
STEPS = (
    (172_800.0, 86_400.0, "day"),
    (3_600.0, 3_600.0, "hour"),
    (60.0, 60.0, "minute"),
    (0.0, 1.0, "second"),
)
"""From how many seconds on an age is told in a unit of so many."""
OF = {"s": "age", "%": "success"}
MEDIA = "application/health+json"


def document(_: Request, told: Sequence[Part]) -> Response:
    """The parts as JSON; 503 where one has failed."""
    at = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    checks = {
        f"{part.name}:{OF[part.unit]}" if part.unit else part.name: [_check(part, at)]
        for part in told
    }
    state = overall(told)
    return JSONResponse({"status": state, "checks": checks}, _code(state), _headers(state), MEDIA)


def _check(part: Part, at: str) -> dict[str, object]:
    unit = {"s": "s", "%": "percent"}
    value = {"observedValue": part.value, "observedUnit": unit[part.unit]} if part.unit else {}
    return {"status": part.state, "time": at, **value}


def status(request: Request, told: Sequence[Part]) -> Response:
    """The parts as a page; 503 where one has failed."""
    lang, state = lang_of(request), overall(told)
    parts = {
        "overall": state,
        "lead": _say(f"lead_{state}", lang),
        "rows": "".join(_row(part, lang) for part in told),
    }
    title = texts(HERE)["status"][0 if lang == "de" else 1]
    main = fill("status", lang, parts, HERE)
    answer = page(request, title, main, cache=False, status=_code(state))
    answer.headers.update(_headers(state))
    return answer


def _row(part: Part, lang: Language) -> str:
    rule, at = rules()[part.name], 0 if lang == "de" else 1
    return (
        f'<tr><th scope="row">{prose(rule.name[at])}<br><small>{prose(rule.about[at])}</small></th>'
        f'<td data-state="{part.state}">{_say(part.state, lang)}</td>'
        f"<td>{_value(part, lang)}</td></tr>"
    )


def _value(part: Part, lang: Language) -> str:
    if part.value is None:
        return _say("unknown", lang) if part.state == "warn" else ""
    if part.unit == "%":
        text = f"{part.value:g}"
        return f"{text.replace('.', ',') if lang == 'de' else text} %"
    if part.value == 0:
        return _say("nothing", lang)
    _, size, name = next(step for step in STEPS if part.value >= step[0])
    age = _say(name, lang).format(f"{part.value / size:.0f}")
    return _say("ended" if part.name == "worker" else "waits", lang).format(age)


def _code(state: str) -> int:
    return 503 if state == "fail" else 200


def _headers(state: str) -> dict[str, str]:
    given = {"Vary": "Accept, Accept-Language", "Access-Control-Allow-Origin": "*"}
    if state == "fail":
        return given | {"Retry-After": f"{COUNT_SECONDS:.0f}"}
    return given | {"Cache-Control": f"public, max-age={COUNT_SECONDS:.0f}"}


def _say(key: str, lang: Language) -> str:
    return say(key, lang, HERE)
