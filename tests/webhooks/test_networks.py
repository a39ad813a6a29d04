"""An endpoint inside a private network, once the operator has said so."""

from uuid import uuid4

from integration_api.edge.addresses import Reach
from tests.cli.commands import command
from tests.conftest import SECRET, Committed
from tests.webhooks.queue import ENDPOINTS, deliveries, endpoint, event, hand, number, once
from tests.webhooks.receiver import receiving


async def test_a_private_network_is_reached_where_the_operator_says_so(
    committed: Committed,
) -> None:
    dsn = committed.server.dsn
    variables = {
        "DATABASE_URL": dsn("ia_app", committed.name),
        "MIGRATION_DATABASE_URL": dsn("postgres", committed.name),
        "SECRET_KEY": SECRET.decode(),
    }
    async with receiving() as receiver:
        reach = Reach(frozenset({receiver.port}))
        async with hand(committed, reach=reach) as sender:
            e = await endpoint(committed, receiver.url(), types=["case.closed"])
            # plain http goes to this machine alone where it may: the other way needs https
            await committed.admin.execute(
                "update ia.webhook_endpoint set url = replace(url, 'http:', 'https:')"
            )
            told = []
            for network in (None, "10.0.0.0/8", "127.0.0.0/8"):
                if network:
                    said = await command(
                        "webhook", "networks", e.id, "--network", network, **variables
                    )
                    assert said.code == 0, said.err
                    assert network in said.out
                await event(committed, uuid4())
                await number(committed)
                await once(sender)
                (newest, *_) = await deliveries(committed)
                path = f"/v1/webhook-deliveries/{newest['id']}"
                attempts = (await committed.clients.get("lead", path)).json()["attempts"]
                told.append(attempts[0]["error"])
            assert told[:2] == ["address_not_allowed"] * 2
            assert told[2] in ("tls", "connection"), "it was called, and is no TLS server"
            seen = await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")
            assert seen.json()["networks"] == ["127.0.0.0/8"]
    wrong = await command("webhook", "networks", e.id, "--network", "10.1.1.1/8", **variables)
    assert (wrong.code, "is no network" in wrong.err) == (1, True)
    nobody = await command("webhook", "networks", str(uuid4()), **variables)
    assert (nobody.code, "no webhook endpoint" in nobody.err) == (1, True)
