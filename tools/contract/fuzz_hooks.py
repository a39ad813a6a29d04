"""What the fuzzer must not do: trip over the idempotency key of another case."""

import uuid
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Give every well-formed call a key of its own."""
    meta = case.meta
    if (
        meta
        and meta.generation.mode == GenerationMode.POSITIVE
        and "Idempotency-Key" in case.headers
    ):
        case.headers["Idempotency-Key"] = f"fuzz-{uuid.uuid4().hex}"
