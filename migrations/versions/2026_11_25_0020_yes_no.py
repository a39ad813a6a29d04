"""Answers of an employer as words: yes, no, or not answered yet.

Why: a flag is never null in the contract, and a draft has questions that nobody answered yet.
"""

from migrations_sql import run

revision = "0020_yes_no"
down_revision = "0019_tandem_ends"
branch_labels = None
depends_on = None

ANSWERS = ("temp_agency", "regulated_occupation", "collective_agreement", "social_insurance")

UP = "\n\n".join(
    f"""
alter table ia.employer_declaration
  -- squawk-ignore changing-column-type -- a few rows a tandem case, rewritten in a moment
  alter column {name} type text using case when {name} then 'yes' when not {name} then 'no' end,
  -- squawk-ignore constraint-missing-not-valid -- the rows are rewritten with it
  add constraint ck_employer_declaration_{name} check ({name} in ('yes', 'no'))
""".strip()
    for name in ANSWERS
)

DOWN = "\n\n".join(
    f"""
alter table ia.employer_declaration
  drop constraint ck_employer_declaration_{name},
  alter column {name} type boolean using {name} = 'yes'
""".strip()
    for name in ANSWERS
)


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
