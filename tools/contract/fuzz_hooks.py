"""What the fuzzer must not do: trip over another case's key, or over two spellings of a number."""

import json
import uuid
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(_: Any, value: Any) -> bytes:
    """A body that is no JSON document, as one line of it."""
    return json.dumps(value).encode()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Give well-formed calls a key of their own, no foreign agency, numbers without a fraction.

    JSON Schema takes `1.0` for an integer; this API takes one spelling of a number only. An
    agency that the client is no member of would end every call at 403.
    """
    meta = case.meta
    if not meta or meta.generation.mode != GenerationMode.POSITIVE:
        return
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"fuzz-{uuid.uuid4().hex}"
    case.headers.pop("Acting-Agency", None)
    case.body = _whole(case.body)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return value
