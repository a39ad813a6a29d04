"""Code lists that an operator loads: on top of those of the package.

Why: the municipalities of Germany, occupations or the whole list of nationalities change by the
quarter and are nobody's to ship. They are the same for every tenant, so that no policy stands
before them; the owner alone writes them.
"""

from migrations_sql import run

revision = "0025_code_lists"
down_revision = "0023_hardening"
branch_labels = None
depends_on = None

UP = """
create table ia.code_list (
  name text not null,
  version date not null,
  title_de text not null,
  title_en text not null,
  source text not null,
  loaded_at timestamptz not null,
  constraint pk_code_list primary key (name))

create table ia.code_list_entry (
  name text not null,
  code text not null,
  de text not null,
  en text,
  valid_from date,
  valid_to date,
  legal_basis text,
  attributes jsonb not null,
  constraint pk_code_list_entry primary key (name, code),
  constraint fk_code_list_entry_name foreign key (name) references ia.code_list (name),
  constraint ck_code_list_entry_valid check (valid_to > valid_from))

grant select on ia.code_list, ia.code_list_entry to ia_app, ia_worker
"""

DOWN = """
drop table ia.code_list_entry, ia.code_list
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
