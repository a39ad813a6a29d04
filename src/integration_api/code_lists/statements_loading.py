"""How the owner of the tables writes a list; no request of the API does."""

from sqlalchemy import Date, Text, bindparam, column, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from integration_api.kernel.statements import ME, Change, Query

from .models import code_list, code_list_entry
from .statements import NAME, VALUES, e

DAY = bindparam("day", type_=Date())
LISTED = Query(
    select(
        code_list,
        select(func.count())
        .select_from(code_list_entry)
        .where(e.name == code_list.c.name)
        .scalar_subquery()
        .label("codes"),
    ).order_by(code_list.c.name)
)
CODES = Query(select(e.code).where(e.name == NAME))
FIND = Change(select(code_list).where(code_list.c.name == NAME).with_for_update())


def _put_head() -> Change:
    values = {
        "name": NAME,
        "version": DAY,
        "loaded_at": ME.now,
        **{n: bindparam(n, type_=Text()) for n in ("title_de", "title_en", "source")},
    }
    new = insert(code_list).values(values)
    again = {n: new.excluded[n] for n in values if n != "name"}
    return Change(new.on_conflict_do_update(index_elements=[code_list.c.name], set_=again))


def _put() -> Change:
    """Write many codes at once; those that are there and say the same are left alone."""
    given = (
        func.jsonb_to_recordset(bindparam("rows", type_=JSONB()))
        .table_valued(*(column(n, e[n].type) for n in ("code", *VALUES)))
        .render_derived(with_types=True)
    )
    rows = select(NAME, *(given.c[n] for n in ("code", *VALUES)))
    new = insert(code_list_entry).from_select(["name", "code", *VALUES], rows)
    differs = or_(*(e[n].is_distinct_from(new.excluded[n]) for n in VALUES))
    return Change(
        new.on_conflict_do_update(
            index_elements=[e.name, e.code],
            set_={n: new.excluded[n] for n in VALUES},
            where=differs,
        ).returning(e.code)
    )


PUT_HEAD = _put_head()
PUT = _put()
END = Change(
    update(code_list_entry)
    .where(
        e.name == NAME,
        e.code == func.any(bindparam("codes", type_=ARRAY(Text))),
        or_(e.valid_to.is_(None), e.valid_to > DAY),
        or_(e.valid_from.is_(None), e.valid_from < DAY),
    )
    .values(valid_to=DAY)
    .returning(e.code)
)
"""A code that a version no longer has ends with it, and stays."""
