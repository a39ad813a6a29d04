"""The compiled statements of the sealer and of the deletion of old access records."""

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    bindparam,
    column,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from integration_api.kernel.journal import audit_entry
from integration_api.kernel.statements import ME, Change, Query

from .models import audit_head

HERE = audit_entry.c.municipality_id == ME.municipality_id
OPEN = audit_entry.c.hash.is_(None)
NOW = {
    "n": bindparam("n", type_=BigInteger()),
    "hash": bindparam("hash", type_=LargeBinary()),
    "sealed_at": bindparam("sealed_at", type_=DateTime(timezone=True)),
    "key_id": bindparam("key_id", type_=Text()),
    "signature": bindparam("signature", type_=LargeBinary()),
}

PENDING = Query(select(exists(select(audit_entry.c.id).where(HERE, OPEN)).label("pending")))
HOLD = Change(
    select(audit_head.c.n, audit_head.c.hash)
    .where(audit_head.c.municipality_id == ME.municipality_id)
    .with_for_update(skip_locked=True)
)
BEGIN = Change(
    insert(audit_head)
    .values(municipality_id=ME.municipality_id, **NOW)
    .on_conflict_do_nothing()
    .returning(audit_head.c.n)
)
UNSEALED = Query(
    select(audit_entry.c.id, audit_entry.c.recorded_at, audit_entry.c.canonical)
    .where(HERE, OPEN)
    .order_by(audit_entry.c.id)
    .limit(bindparam("most", type_=Integer()))
)
_ids, _ns, _hashes = (
    bindparam(name, type_=ARRAY(kind))
    for name, kind in (("ids", BigInteger), ("ns", BigInteger), ("hashes", LargeBinary))
)
_sealed = (
    func.unnest(_ids, _ns, _hashes)
    .table_valued(column("id", BigInteger), column("n", BigInteger), column("hash", LargeBinary))
    .render_derived(name="sealed")
)
SEAL = Change(
    update(audit_entry)
    .where(HERE, OPEN, audit_entry.c.id == _sealed.c.id)
    .values(n=_sealed.c.n, hash=_sealed.c.hash)
    .returning(audit_entry.c.id)
)
ADVANCE = Change(
    update(audit_head).where(audit_head.c.municipality_id == ME.municipality_id).values(NOW)
)
HEAD = Query(select(audit_head).where(audit_head.c.municipality_id == ME.municipality_id))
END_RECORDS = Change(
    select(
        func.ia.end_access_records(
            bindparam("months", type_=Integer()), bindparam("most", type_=Integer())
        ).label("ended")
    )
)
