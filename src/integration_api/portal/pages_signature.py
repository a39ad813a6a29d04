"""The checker of webhook signatures: it runs in the reader's browser, and nothing leaves it."""

from html import escape

from fastapi import Request, Response

from .frame import COPY, fill, lang_of, page
from .texts import say, texts

VERDICTS = (
    "valid",
    "rotated",
    "secret",
    "id",
    "timestamp",
    "form",
    "other",
    "old",
    "future",
    "insecure",
)
HINTS = ("newline", "trimmed", "crlf", "json")
BY_HAND = """\
printf '%s' "$WEBHOOK_ID.$WEBHOOK_TIMESTAMP.$BODY" |
  openssl dgst -sha256 -mac HMAC -binary \\
    -macopt hexkey:"$(printf '%s' "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')" |
  base64"""
"""The same by two usual programs; what it prints stands behind `v1,`."""


def webhook_signatures(request: Request) -> Response:
    """The form; its fields have no names and it has no address, so that nothing can be sent."""
    lang = lang_of(request)
    said = " ".join(
        f'data-{name}="{escape(texts()[f"signature_is_{name}"][lang == "en"])}"'
        for name in (*VERDICTS, *HINTS)
    )
    parts = {"said": said, "by_hand": escape(BY_HAND), "note": say("signature_kept", lang)}
    title = texts()["signature_title"][lang == "en"]
    return page(request, title, fill("signature", lang, parts), scripts=("signature.js", COPY))
