"""A webhook receiver that only rings: who heard a true signature looks into the feed at once.

The feed has the order and misses nothing, so a webhook needs to say no more than that it is time.
Signatures are those of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`; several, with a
space between, while a secret is being replaced.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300
LARGEST = 64 * 1024


def signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether the body was signed with the secret, and not long ago."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(now - int(at)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = hmac.digest(key, f"{id}.{at}.".encode() + body, hashlib.sha256)
    for one in headers.get("webhook-signature", "").split():
        version, _, text = one.partition(",")
        if version == "v1" and hmac.compare_digest(base64.b64encode(right), text.encode()):
            return True
    return False


def receiver(
    address: tuple[str, int], secret: str, ring: Callable[[], None]
) -> ThreadingHTTPServer:
    """A server for one endpoint; `ring` is called for each true delivery."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            """204 for a true delivery, 401 for any other."""
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            good = length <= LARGEST and signed(
                secret, headers, self.rfile.read(length), time.time()
            )
            if good:
                ring()  # before the answer: a delivery is over only when somebody was woken
            self.send_response(204 if good else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the log of a receiver names nobody."""

    return ThreadingHTTPServer(address, Handler)
