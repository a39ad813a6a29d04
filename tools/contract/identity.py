"""Logging in with a real OpenID provider: rotation, algorithm confusion, a flood of unknown keys.

`python tools/contract/identity.py`: starts `oidc-provider` (Node) and a service that trusts it, on
loopback, and stops both. Exit 1 on the first thing that is not as it must be; prints the counts.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).parent / "integration-api")
PROVIDER = int(os.environ.get("CONTRACT_PROVIDER_PORT", "8793"))  # noqa: TID251 - a tool
SERVICE = int(os.environ.get("CONTRACT_PORT", "8791")) + 1  # noqa: TID251 - a tool
ISSUER, BASE = f"http://127.0.0.1:{PROVIDER}", f"http://127.0.0.1:{SERVICE}"
AUDIENCE = "https://api.example.org"
LEAST = 15
"""Seconds between two fetches of the keys (identity/jwks.py)."""
FLOOD = 50


def must(holds: object, what: str) -> None:
    """Say that it holds, or end."""
    print(f"  {'ok ' if holds else 'NO '} {what}", flush=True)
    if not holds:
        raise SystemExit(1)


@contextmanager
def running(arguments: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the length of a block."""
    with log.open("wb") as out:
        environment = {**os.environ, **variables}  # noqa: TID251 - a tool
        program = subprocess.Popen(arguments, stdout=out, stderr=out, env=environment)
        try:
            yield program
        finally:
            program.terminate()
            program.wait(20)


def answering(url: str, program: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something answers there, for a minute."""
    for _ in range(240):
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if program.poll() is not None:
            break
        time.sleep(0.25)
    print(log.read_text("utf-8", "replace")[-2000:])
    raise SystemExit(f"{url} does not answer")


class Provider:
    """The provider over HTTP, as its clients and this test see it."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self.http = httpx.Client(base_url=ISSUER, trust_env=False)

    def state(self) -> dict[str, Any]:
        """How often the keys were asked for; refuses a process that is not the one we started."""
        state: dict[str, Any] = self.http.get("/test/nonce").json()
        if state["nonce"] != self.nonce:
            raise SystemExit(f"another provider is left over on port {PROVIDER}")
        return state

    def token(self, client: str = "machine") -> str:
        """An access token by client credentials."""
        answer = self.http.post(
            "/token",
            data={"grant_type": "client_credentials"},
            auth=(client, f"{client}-secret-of-a-test"),
        )
        return str(answer.json()["access_token"])

    def keys(self) -> list[dict[str, Any]]:
        """The published keys; the fetch is ours and counted, so that callers take it off."""
        return list(self.http.get("/jwks").json()["keys"])


def bound_client(data: str) -> str:
    """A client of the demo's Jobcenter that logs in as `machine`."""
    variables = {**os.environ, "INTEGRATION_API_DATA_DIR": data}  # noqa: TID251 - a tool

    def run(*arguments: str) -> str:
        done = subprocess.run([COMMAND, *arguments], env=variables, capture_output=True, check=True)
        return done.stdout.decode()

    agency = ["--agency", "wuppertal-jobcenter", "--name", "Fachverfahren"]
    made = run("client", "create", *agency, "--scope", "cases:read", "--purpose", "case_management")
    client = made.split("client ", 1)[1].split()[0]
    run("client", "bind", client, "--subject", "machine", "--issuer", ISSUER)
    return client


def forged(alg: str, secret: bytes | None, kid: str) -> str:
    """A token for `machine` made without the private key."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "machine", "aud": AUDIENCE, "exp": now + 300, "iat": now}
    parts = ({"alg": alg, "typ": "at+jwt", "kid": kid}, claims)
    text = ".".join(_b64(json.dumps(part).encode()) for part in parts)
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{_b64(mac)}"


def unknown() -> str:
    """A well-formed token of a key that nobody has published."""
    key = ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(8)})
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "machine", "aud": AUDIENCE, "exp": now + 300, "iat": now}
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(head, claims, key, algorithms=["ES256"], default_type=None)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service:
    """The service over HTTP."""

    def __init__(self) -> None:
        self.http = httpx.Client(base_url=BASE, trust_env=False)
        self.refusals: set[str] = set()

    def me(self, token: str) -> httpx.Response:
        """`GET /v1/me` with a token; what a 401 says is kept."""
        answer = self.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 401:
            said = answer.json()
            said.pop("request_id")
            self.refusals.add(json.dumps(said))
        return answer

    def status(self, token: str) -> int:
        """What a token gets."""
        return self.me(token).status_code


def check(provider: Provider, service: Service, client: str) -> str:
    """Everything but the outage; the token that is good at the end."""
    print("client credentials")
    old = provider.token()
    answer = service.me(old)
    must(answer.status_code == 200, "a token of the provider is taken")
    must(answer.json()["client_id"] == client, "it is the client that was bound")
    must(
        service.status(provider.token("stranger")) == 401,
        "a client that is bound to nothing is not",
    )
    must("sign" in provider.keys()[0]["key_ops"], "although the provider publishes key_ops: [sign]")

    print("algorithm confusion")
    key = provider.keys()[0]
    pem = ECKey.import_key({n: key[n] for n in ("kty", "crv", "x", "y")}).as_pem(private=False)
    for name, secret in (("PEM", pem), ("x", key["x"].encode()), ("JWK", json.dumps(key).encode())):
        must(service.status(forged("HS256", secret, key["kid"])) == 401, f"HS256 over its {name}")
    must(service.status(forged("none", None, key["kid"])) == 401, "alg none")

    print(f"rotation (waits {LEAST} s)")
    provider.http.post("/test/rotate")
    time.sleep(LEAST)
    before = provider.state()["asked"]
    new = provider.token()
    must(service.status(new) == 200, "a token of the new key is taken")
    must(provider.state()["asked"] - before == 1, "after one fetch")
    must(service.status(old) == 401, "a token of the old key is not")

    print(f"a flood of {FLOOD} unknown keys")
    before = provider.state()["asked"]
    flood = [service.status(unknown()) for _ in range(FLOOD)]
    must(set(flood) == {401}, f"{len(flood)} tokens refused")
    must(provider.state()["asked"] - before == 0, "0 fetches")
    must(service.status(new) == 200, "and the good token is taken as before")
    return new


def main() -> None:
    """Start, check, stop."""
    nonce = secrets.token_hex(8)
    work = Path(tempfile.mkdtemp(prefix="ia-identity-"))
    work.chmod(0o755)
    data = str(work / "var")
    script = ["node", str(HERE / "identity_provider.mjs"), str(PROVIDER), nonce, AUDIENCE]
    serve = [COMMAND, "serve", "--demo", "--port", str(SERVICE)]
    settings = {
        "DATA_DIR": data, "ENVIRONMENT": "test", "OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE,
        "CREDENTIAL_CACHE_SECONDS": "0",
    }  # fmt: skip
    variables = {f"INTEGRATION_API_{name}": value for name, value in settings.items()}
    logs = work / "provider.log", work / "service.log"
    try:
        with running(serve, logs[1], **variables) as service:
            with running(script, logs[0]) as program:
                answering(f"{ISSUER}/test/nonce", program, logs[0])
                answering(f"{BASE}/health/ready", service, logs[1])
                there, here = Provider(nonce), Service()
                there.state()
                good = check(there, here, bound_client(data))
            print("the provider is gone")
            must(here.status(good) == 200, "its keys serve on")
            must(here.status(unknown()) == 401, "an unknown key is refused all the same")
            must(len(here.refusals) == 1, "every refusal was the same to the byte")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
