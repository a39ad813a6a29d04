"""Addresses that somebody else chose: only what was checked is called; nothing leaves loopback."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integration_api.edge.addresses import BlockedError, PinnedBackend, Reach, is_public, resolve
from integration_api.edge.outgoing import MOST, Poster
from tests.webhooks.receiver import Says, receiving

PRIVATE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "192.0.0.1", "192.0.2.1"),
    *("198.18.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1"),  # noqa: S104 - an address, nothing is bound
    *("255.255.255.255", "::1", "::", "::7f00:1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "100::1", "fe80::1"),
    *("fe80::1%eth0", "fec0::1", "fd00::1", "ff02::1"),
]
PUBLIC = ["93.184.215.14", "2a00:1450:4001:80b::200e", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
DISGUISED = ["localhost", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "①②⑦.0.0.1"]


class Names:
    """A resolver that answers what it is told, one answer after the other."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers: Iterator[list[str]] = iter(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        """The next answer."""
        self.asked.append(host)
        return next(self.answers)


def only(address: str) -> Reach:
    """Loopback as the one partner there is; other addresses of this machine are like foreign."""

    class One(Reach):
        def allows(self, found: str, port: int) -> bool:
            return found == address

    return One(loopback=True)


async def post(poster: Poster, url: str) -> tuple[int | None, str | None]:
    """Status and error of a call."""
    try:
        reply = await poster.post(url, b"{}", {"content-type": "application/json"})
    finally:
        await poster.close()
    return reply.status, reply.error


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    backend = PinnedBackend(Reach(), Names([address]))
    with pytest.raises(BlockedError):
        await backend.connect_tcp("partner.example.org", 443, 1)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not(address: str) -> None:
    assert is_public(address)
    assert Reach().allows(address, 443)
    assert not Reach().allows(address, 22)


@pytest.mark.parametrize("host", DISGUISED)
async def test_a_disguised_name_of_this_machine_is_refused(host: str) -> None:
    status, error = await post(Poster(Reach()), f"https://{host}/")
    assert status is None
    assert error in ("address_not_allowed", "url", "connection")


async def test_the_database_of_this_machine_is_refused() -> None:
    assert await post(Poster(Reach()), "http://127.0.0.1:5432/") == (None, "url")
    assert await post(Poster(Reach()), "https://127.0.0.1:5432/") == (None, "address_not_allowed")


async def test_a_network_is_open_where_the_operator_says_so() -> None:
    inside = Reach().within([ip_network("10.20.0.0/16")])
    assert inside.allows("10.20.1.2", 443)
    assert not inside.allows("10.20.1.2", 5432)
    assert not inside.allows("10.21.1.2", 443)
    assert not inside.allows("::ffff:10.20.1.2", 443)
    assert not inside.allows("no address", 443)


async def test_a_redirect_is_received_and_not_followed() -> None:
    away = Says(302, {"Location": "http://127.0.0.1:1/elsewhere"})
    async with receiving(lambda _: away) as receiver:
        poster = Poster(only("127.0.0.1"), resolver=Names(["127.0.0.1"]))
        assert await post(poster, receiver.url(host="localhost")) == (302, None)
    (heard,) = receiver.heard
    assert heard.headers["host"] == f"localhost:{receiver.port}"
    assert heard.headers["accept-encoding"] == "identity"


async def test_a_name_that_turns_leads_nowhere() -> None:
    hang_up = Says(204, {"Connection": "close"})
    async with receiving(lambda _: hang_up) as receiver:
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        poster = Poster(only("127.0.0.1"), resolver=names)
        url = receiver.url(host="localhost")
        assert (await poster.post(url, b"{}", {})).status == 204
        assert await post(poster, url) == (None, "address_not_allowed")
    assert len(receiver.heard) == 1
    assert names.asked == ["localhost", "localhost"]


async def test_a_backend_that_connects_by_name_reaches_the_second_answer() -> None:
    class ByName(PinnedBackend):
        """Checks first, then lets the system resolve once more."""

        async def connect_tcp(self, host: str, *rest: object) -> httpcore.AsyncNetworkStream:
            await self._found(host, 443, 1)
            return await self._inner.connect_tcp("127.0.0.2", *rest)  # type: ignore[arg-type]

    seen = asyncio.Event()

    async def server(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set()
        writer.close()

    listening = await asyncio.start_server(server, "127.0.0.2", 0)
    port = listening.sockets[0].getsockname()[1]
    twin = ByName(only("127.0.0.1"), Names(["127.0.0.1"]))
    stream = await twin.connect_tcp("localhost", port, 1)
    await asyncio.wait_for(seen.wait(), 5)
    await stream.aclose()
    listening.close()


async def test_one_bad_answer_refuses_all() -> None:
    async with receiving() as receiver:
        poster = Poster(only("127.0.0.1"), resolver=Names(["127.0.0.1", "127.0.0.2"]))
        assert await post(poster, receiver.url(host="localhost")) == (None, "address_not_allowed")
    assert receiver.heard == []


async def test_a_dead_first_address_does_not_matter() -> None:
    async with receiving() as receiver:
        poster = Poster(Reach(loopback=True), resolver=Names(["127.0.0.9", "127.0.0.1"]))
        assert await post(poster, receiver.url(host="localhost")) == (204, None)


async def test_a_resolver_that_hangs_is_given_up() -> None:
    async def hanging(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    backend = PinnedBackend(Reach(), hanging)
    with pytest.raises(httpcore.ConnectTimeout):
        await backend.connect_tcp("slow.example.org", 443, 0.05)


async def test_a_name_that_nobody_has_is_a_failed_connection() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    assert await post(Poster(Reach(), resolver=unknown), "https://nobody.example.org/") == (
        None,
        "connection",
    )


@pytest.mark.parametrize(
    ("says", "error"),
    [(Says(0), "timeout"), (Says(-1), "malformed")],
    ids=["hangs", "hangs up"],
)
async def test_who_does_not_answer_is_told(says: Says, error: str) -> None:
    async with receiving(lambda _: says) as receiver:
        poster = Poster(Reach(loopback=True), seconds=0.3)
        assert await post(poster, receiver.url()) == (None, error)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for `hooks.example.org`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.org")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now.replace(year=2126))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.org")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(text + made.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("host", "trusted", "expected"),
    [
        ("hooks.example.org", True, (204, None)),
        ("other.example.org", True, (None, "tls")),
        ("hooks.example.org", False, (None, "tls")),
    ],
    ids=["its name", "another name", "not trusted"],
)
async def test_the_certificate_is_that_of_the_name_not_of_the_address(
    certificate: Path, host: str, trusted: bool, expected: tuple[int | None, str | None]
) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=certificate) if trusted else None
    async with receiving(tls=theirs) as receiver:
        poster = Poster(only("127.0.0.1"), resolver=Names(["127.0.0.1"]), context=ours)
        assert await post(poster, f"https://{host}:{receiver.port}/hook") == expected
    heard = [h.headers["host"] for h in receiver.heard]
    assert heard == ([f"{host}:{receiver.port}"] if expected[0] else [])


async def test_an_answer_without_end_is_cut() -> None:
    long = Says(200, body=b"a" * (10 * MOST))
    async with receiving(lambda _: long) as receiver:
        poster = Poster(Reach(loopback=True))
        reply = await poster.post(receiver.url(), b"{}", {}, kept=1024)
        await poster.close()
    assert (reply.status, reply.answer) == (200, b"a" * 1024)


async def test_a_connection_of_one_endpoint_is_none_of_another() -> None:
    """The pool would hand out what the operator opened for somebody else."""
    networks = (ip_network("127.0.0.0/8"),)
    async with receiving() as receiver:
        poster = Poster(Reach(frozenset({receiver.port})))
        client = poster._client(networks)
        assert (await client.post(receiver.url())).status_code == 204
        with pytest.raises(BlockedError):
            await poster._client(()).post(receiver.url())
        await poster.close()


async def test_the_client_really_has_the_checked_network() -> None:
    """Httpx offers no way in: a new version that goes another way fails here."""
    poster = Poster(Reach())
    transport = poster._client(())._transport
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    assert isinstance(transport._pool, httpcore.AsyncConnectionPool)
    assert isinstance(transport._pool._network_backend, PinnedBackend)
    with pytest.raises(BlockedError):
        await transport._pool._network_backend.connect_unix_socket("a")
    await poster.close()


async def test_names_are_resolved_beside_everything_else() -> None:
    assert "127.0.0.1" in await resolve("127.0.0.1", 443)
