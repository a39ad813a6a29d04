"""A database in which somebody tries what is not his, with each of the two layers or without it."""

import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from asyncpg import Connection
from fastapi import FastAPI
from httpx import Response

from integration_api.kernel.principal import Principal
from tests.access.actors import Actors, key_of
from tests.access.seam import Call
from tests.cast import id_of
from tests.make import Made, Make

BY_REQUEST = re.compile(r'"(request_id|instance)": ?("[^"]*"|null)')
PUBLIC = {
    *("agency", "agency_competence", "waiting_time", "municipality", "municipality_ags"),
    *("transfer_basis", "alembic_version", "code_list", "code_list_entry"),
    *("site", "site_unit", "offer", "offer_site"),
}
UNREAD = {"access_record", "audit_entry", "outbox", "idempotency_key", "demo_clock", "feed_head"}
UNREAD |= {"webhook_head", "webhook_secret"}
"""Tables that the application writes but never answers from."""
SHAPED = {"reference", "issuer", "subject", "ags", "prefix"}
"""Texts in a form that the contract promises."""

WITH_IDS = """
select c.table_name from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema = 'ia' and c.column_name = 'id' and c.data_type = 'uuid'
  and t.table_type = 'BASE TABLE' and not c.table_name = any ($1)
"""
PLANT = """
do $plant$
declare
  c record; form text;
begin
  for c in
    select a.attrelid::regclass as t, a.attname as name, a.atttypid::regtype::text as kind
    from pg_attribute a join pg_class r on r.oid = a.attrelid
    where r.relnamespace = 'ia'::regnamespace and r.relkind = 'r' and a.attnum > 0
      and not a.attisdropped and a.attgenerated = ''
      and a.atttypid in ('text'::regtype, 'jsonb'::regtype)
      and not r.relname = any ('{{{left_out}}}') and not a.attname = any ('{{{shaped}}}')
  loop
    form := format(case c.kind
      when 'text' then 'update %1$s set %2$I = %2$I || '' {token}'' where %2$I ~ ''^[A-ZÄÖÜ§]'''
      else 'update %1$s set %2$I = regexp_replace(%2$I::text,'
        || ' ''(": |\\[|, )"([A-ZÄÖÜ§][^"]*)"(?!:)'', ''\\1"\\2 {token}"'', ''g'')::jsonb'
        || ' where %2$I::text ~ ''": "[A-ZÄÖÜ§]'''
      end || ' and {new}', c.t, c.name);
    begin
      execute form;
    exception when check_violation then null;
    end;
  end loop;
  foreach form in array '{{{empty}}}'::text[] loop
    begin
      execute format('update ia.%1$I set %2$I = ''Frei {token}'' where %2$I is null and {new}',
        split_part(form, '.', 1), split_part(form, '.', 2));
    exception when check_violation then null;
    end;
  end loop;
end $plant$
"""
"""A token behind every text that is for people, in columns and inside JSON."""
EMPTY = [
    *("person.birth_name", "referral.reason_text"),
    *("referral.outcome_text", "employer.sector", "legal_track.legal_basis"),
    *("legal_track.unblock_conditions", "disclosure.request_reference", "disclosure.justification"),
]
"""Texts for people that hardly any recipe fills."""
NEW = "xmin::text::bigint >= pg_current_xact_id()::text::bigint"
"""Rows of this test: savepoints have higher numbers than their transaction."""


@dataclass
class Canaries:
    """What nobody may see who has nothing to do with it: ids, and a token in every text."""

    token: str = field(default_factory=lambda: f"kanarie{secrets.token_hex(6)}")
    ids: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    """Ids of persons and cases: whom something was disclosed once, keeps those of its paper."""

    def sing(self, answer: Response, *, former: bool = False) -> list[str]:
        """The canaries in an answer: body, headers, problem; `instance` is the caller's own."""
        text = BY_REQUEST.sub("", answer.text) + json.dumps(dict(answer.headers))
        sought = {self.token, *self.ids} - (self.told if former else set())
        return [c for c in sought if c in text]


def same_but_request(answer: Response) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers without what differs from request to request."""
    unlike = ("x-request-id", "date", "content-length", "ratelimit")  # the last counts requests
    headers = {k: v for k, v in answer.headers.items() if k not in unlike}
    return answer.status_code, BY_REQUEST.sub("", answer.text), headers


class Housed(Make):
    """Factories whose persons have an address."""

    async def person(self, who: str = "lead", **changed: Any) -> Made:
        """A person with an address that is not protected."""
        home = {"street": "Neumarkt", "postal_code": "42103", "town": "Wuppertal"}
        return await super().person(who, **({"address": home | {"protected": False}} | changed))


@dataclass
class Stage:
    """Clients, factories and the two switches: the policies, and what the service checks."""

    app: FastAPI
    connection: Connection
    clients: Actors
    unwatched: Actors
    """Answers of a service that is deceived need not be in the contract."""
    look: str = ""

    @property
    def make(self) -> Make:
        """Factories of the cast."""
        return Housed(self.connection, self.clients)

    @asynccontextmanager
    async def without_policies(self) -> AsyncIterator[None]:
        """The service's checks alone: as a superuser, whom no policy binds."""
        await self.connection.execute("reset role")
        yield
        await self.connection.execute("set role ia_app")

    @contextmanager
    def without_service(self, who: str, owner: str) -> Iterator[None]:
        """The policies alone: the service takes the caller for the owner, the database does not."""
        found = self.app.state.credentials.find

        async def find(text: str, acting: str | None = None) -> Principal:
            taken_for: Principal = await found(key_of(owner), acting)
            really: Principal = await found(key_of(who), acting)
            return replace(taken_for, context_sql=really.context_sql)

        self.app.state.credentials.find = find
        try:
            yield
        finally:
            del self.app.state.credentials.find

    async def send(
        self,
        who: str,
        call: Call,
        swap: dict[str, str] | None = None,
        clients: Actors | None = None,
    ) -> Response:
        """The owner's request, sent by somebody, with some ids swapped."""
        text = json.dumps([call.path, call.body])  # a body that is no JSON is a text in it
        for old, new in (swap or {}).items():
            text = text.replace(old, new)
        path, body = json.loads(text)
        sent = replace(call, body=body).sending()
        return await (clients or self.clients).request(
            who, call.method, path, etag=call.etag, key=call.key, **sent
        )

    async def known(self) -> set[str]:
        """Every id that stands in a table now."""
        return {i for ids in (await self._ids()).values() for i in ids}

    async def plant(self, known: set[str]) -> Canaries:
        """Canaries in all that was written since `known`."""
        made = Canaries()
        async with self.without_policies():
            left_out = ",".join([*PUBLIC, *UNREAD])
            await self.connection.execute("set local session_replication_role = replica")
            empty = ",".join(EMPTY)
            await self.connection.execute(
                PLANT.format(
                    token=made.token,
                    left_out=left_out,
                    shaped=",".join(SHAPED),
                    empty=empty,
                    new=NEW,
                )
            )
            await self.connection.execute("set local session_replication_role = origin")
            for formerly, how in (("expired", "lapse"), ("revoked", "revoke")):
                await self.connection.execute("select formerly.open($1)", id_of(formerly))
                await self.connection.execute(f"select formerly.{how}($1)", id_of(formerly))
        ids = await self._ids()
        made.ids = {i for table in ids.keys() - {"disclosure"} for i in ids[table]} - known
        made.told = ids["person"] | ids["case"]
        return made

    async def _ids(self) -> dict[str, set[str]]:
        async with self.without_policies():
            if not self.look:
                tables = await self.connection.fetch(WITH_IDS, [*PUBLIC, *UNREAD])
                self.look = " union all ".join(
                    f"select '{t[0]}', array_agg(id) from ia.\"{t[0]}\"" for t in tables
                )
            rows = await self.connection.fetch(self.look)
            return {name: {str(i) for i in ids or ()} for name, ids in rows}
