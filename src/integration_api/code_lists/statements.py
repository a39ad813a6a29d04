"""The compiled statements of loaded lists: what is there, and its codes."""

from sqlalchemy import Text, bindparam, select

from integration_api.kernel.statements import Query

from .models import code_list, code_list_entry

NAME = bindparam("name", type_=Text())
e = code_list_entry.c
VALUES = ("de", "en", "valid_from", "valid_to", "legal_basis", "attributes")

HEADS = Query(select(code_list).order_by(code_list.c.name))
ENTRIES = Query(select(*(e[n] for n in ("code", *VALUES))).where(e.name == NAME).order_by(e.code))
