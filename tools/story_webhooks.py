"""The story's scene about webhooks: an office's own system hears of what happens, signed."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tools.storyteller import Story, must

WHO = "wuppertal-case-management"
OTHER = "wuppertal-jobcenter"
PATIENCE = 15


class Receiver(ThreadingHTTPServer):
    """The office's system: it keeps what it hears."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.heard: list[tuple[dict[str, str], bytes]] = []

    def wait(self, count: int, sentence: str) -> tuple[dict[str, str], bytes]:
        """The last of so many requests."""
        end = time.monotonic() + PATIENCE
        while len(self.heard) < count:
            must(time.monotonic() < end, sentence)
            time.sleep(0.01)
        return self.heard[count - 1]


class _Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the story tells."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A system that listens."""
    with Receiver() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def an_office_is_told(story: Story) -> None:
    """Register, test, rotate, and hear of a person; the signature is checked as receivers do."""
    story.tell("Case management has a system of its own, which need not ask for news any more.")
    with receiving() as system:
        url = f"http://127.0.0.1:{system.server_address[1]}/hook"
        asked = {"url": url, "types": ["person.created"], "description": "Fachverfahren"}
        made = story.call(WHO, "POST", "/v1/webhook-endpoints", asked, expected=201)
        endpoint, secret = story.keep("endpoint", made), made.json()["secret"]
        path = f"/v1/webhook-endpoints/{endpoint['id']}"
        story.tell(f"The secret is shown this once: {secret[:12]}… From now on it signs.")
        must("secret" not in story.call(WHO, "GET", path).json(), "no other answer shows it")
        story.call(OTHER, "GET", path, expected=404)
        delivery = story.call(WHO, "POST", f"{path}/test", expected=201).json()
        headers, body = system.wait(1, "the test arrives")
        must(json.loads(body)["type"] == "webhook.test", "and says that it is one")
        Webhook(secret).verify(body, headers)
        forged = body.replace(b"webhook.test", b"case.deleted")
        must(not verifies(secret, forged, headers), "an altered body does not verify")
        turned = story.call(WHO, "POST", f"{path}/rotate-secret", etag=made.headers["ETag"])
        person = {"name": {"kind": "mononym", "mononym": "Muster-W"}}
        created = story.call(WHO, "POST", "/v1/persons", person, expected=201)
        began = time.monotonic()
        headers, body = system.wait(2, "the event arrives")
        waited = (time.monotonic() - began) * 1000
        for one in (secret, turned.json()["secret"]):
            must(verifies(one, body, headers), "for a day both secrets verify")
        event = json.loads(body)
        must(event["data"]["person_id"] == created.json()["id"], "it names the person by its id")
        must(b"Muster-W" not in body, "and says nothing else about it")
        story.tell(f"After {waited:.0f} ms: {event['type']}, {', '.join(event['data'])}; no name.")
        seen = _done(story, delivery["id"])
        story.tell(f"The delivery says: {seen['status']}, {seen['attempts'][0]['status_code']}.")
        now = story.call(WHO, "GET", path)
        story.call(WHO, "POST", f"{path}/disable", etag=now.headers["ETag"])


def _done(story: Story, id: str) -> dict[str, Any]:
    """The delivery, once what came of it is written down."""
    end = time.monotonic() + PATIENCE
    while True:
        seen: dict[str, Any] = story.send(WHO, "GET", f"/v1/webhook-deliveries/{id}").json()
        if seen["status"] == "done":
            break
        must(time.monotonic() < end, "the delivery is done")
        time.sleep(0.02)
    story.call(WHO, "GET", f"/v1/webhook-deliveries/{id}")
    return seen


def verifies(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Whether a request is signed with this secret."""
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    ("An office's system is told", an_office_is_told),
]
