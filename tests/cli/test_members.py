"""`member` and `client bind`: what the operator grants, in the database it is felt in."""

import re
import uuid

from tests.cast import id_of
from tests.cli.commands import SECRET, Outcome, command
from tests.conftest import Committed
from tests.login import Login

ISSUER = "https://login.example.org/realms/city"
ID = re.compile(r"member (\S+)")


class Operator:
    """Commands on the database of a test."""

    def __init__(self, there: Committed) -> None:
        dsn = there.server.dsn
        logins = {"DATABASE": "ia_app", "MIGRATION_DATABASE": "postgres"}
        self.variables = {f"{what}_URL": dsn(who, there.name) for what, who in logins.items()}
        self.variables |= {"SECRET_KEY": SECRET, "OIDC_ISSUER": ISSUER}

    async def run(self, *arguments: str, **changed: str) -> Outcome:
        """One command."""
        return await command(*arguments, **(self.variables | changed))


def create(*more: str, role: str = "data_protection_officer") -> list[str]:
    """The arguments of a new member."""
    given = ["--agency", "lead", "--function", "Datenschutz", "--role", role]
    return ["member", "create", *given, *more]


async def test_the_operator_grants_what_no_administration_may(committed: Committed) -> None:
    operator, login = Operator(committed), Login(committed.app, committed.clients)
    login.wire(cached=0)
    token = login.issuer.token("officer")
    assert await login.status(token) == 401
    made = await operator.run(*create("--subject", "officer"))
    assert made.code == 0, made.err
    me = (await login.get(token)).json()
    assert me["member"]["roles"] == ["data_protection_officer"]
    assert me["purposes"] == ["data_protection_audit"]
    (member,) = ID.findall(made.out)
    assert (await operator.run("member", "deactivate", member)).code == 0
    assert await login.status(token) == 401


async def test_a_member_is_bound_and_unbound(committed: Committed) -> None:
    operator, login = Operator(committed), Login(committed.app, committed.clients)
    login.wire(cached=0)
    made = await operator.run(*create(role="case_worker"))
    (member,) = ID.findall(made.out)
    token = login.issuer.token("somebody")
    assert await login.status(token) == 401
    bound = await operator.run("member", "bind", member, "--subject", "somebody")
    assert "within 30 seconds" in bound.out
    assert await login.status(token) == 200
    taken = await operator.run(*create("--subject", "somebody"))
    assert (taken.code, "taken" in taken.err) == (1, True)
    await operator.run("member", "bind", member)
    assert await login.status(token) == 401


async def test_a_machine_logs_in_as_it_was_bound(committed: Committed) -> None:
    operator, login = Operator(committed), Login(committed.app, committed.clients)
    login.wire(cached=0)
    token = login.issuer.token("new-machine")
    assert await login.status(token) == 401
    machine = str(id_of("labour", "machine"))
    bound = await operator.run("client", "bind", machine, "--subject", "new-machine")
    assert bound.code == 0, bound.err
    assert (await login.get(token)).json()["client_id"] == machine
    person = str(id_of("labour", "worker_1"))
    refused = await operator.run("client", "bind", person, "--subject", "x")
    assert "that is a machine" in refused.err


NOBODY = str(uuid.uuid4())
WRONG: list[tuple[list[str], str]] = [
    (["member", "bind", NOBODY, "--subject", "x"], "there is no member"),
    (["member", "deactivate", NOBODY], "there is no member"),
    (["client", "bind", NOBODY, "--subject", "x"], "there is no live client"),
    (create(role="king"), "no code of the list roles"),
    (create("--subject", "x\u00e4"), "printable ASCII"),
]


async def test_what_makes_no_sense_is_refused_in_a_sentence(committed: Committed) -> None:
    operator = Operator(committed)
    for arguments, why in WRONG:
        refused = await operator.run(*arguments)
        assert (refused.code, why in refused.err) == (1, True), refused.err
    unknown = await operator.run(*create("--subject", "x"), OIDC_ISSUER="")
    assert "INTEGRATION_API_OIDC_ISSUER" in unknown.err
