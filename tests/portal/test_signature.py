"""The checker of signatures: nothing can be sent, and for each verdict there is a sentence.

What it says of signatures is tried in a browser (`tools/contract/portal.mjs`).
"""

import re

from integration_api.portal import frame, pages_signature
from tests.portal.public import reader

SCRIPT = frame.asset("signature.js").decode()


async def test_the_page_has_nothing_that_could_send_a_secret() -> None:
    async with reader() as client:
        answer = await client.get(
            "/docs/webhook-signatures?lang=en", headers={"Accept": "text/html"}
        )
    page, policy = answer.text, answer.headers["Content-Security-Policy"]
    assert "<form" not in page
    assert re.findall(r"<(?:input|textarea)[^>]*\sname=", page) == []
    assert re.findall(r"<(?:input|textarea)[^>]*\svalue=", page) == []
    assert "default-src 'none'" in policy
    assert not re.search(r"(connect|frame|worker|object|media)-src", policy)
    assert "form-action 'none'" in policy
    assert 'autocomplete="off"' in page
    assert not re.search(r"fetch|XMLHttp|sendBeacon|WebSocket|localStorage|cookie", SCRIPT)


async def test_a_secret_in_the_address_comes_to_nothing() -> None:
    async with reader() as client:
        given = {"secret": "whsec_c2VjcmV0", "body": "whsec_c2VjcmV0"}
        answer = await client.get(
            "/docs/webhook-signatures", params=given, headers={"Accept": "text/html"}
        )
        posted = await client.post("/docs/webhook-signatures", data=given)
    assert "c2VjcmV0" not in answer.text
    assert posted.status_code in (405, 415)


def test_every_verdict_and_hint_of_the_script_has_a_sentence() -> None:
    verdicts = set(re.findall(r'verdict: "(\w+)"', SCRIPT))
    verdicts |= set(re.findall(r'\? "(\w+)" : "(\w+)"', SCRIPT)[0])
    verdicts |= {
        one for pair in re.findall(r'verdict: .*\? "(\w+)" : "(\w+)"', SCRIPT) for one in pair
    }
    assert verdicts | {"insecure"} == set(pages_signature.VERDICTS)
    hints = set(re.findall(r"\{ (newline).*?(trimmed).*?(crlf)", SCRIPT)[0]) | {"json"}
    assert hints == set(pages_signature.HINTS)
