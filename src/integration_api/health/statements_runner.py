"""The compiled statement that says that a round of the worker is over."""

from sqlalchemy import func, literal_column, or_, update

from integration_api.kernel.statements import Change

from .models import worker_round

NOTE = Change(
    update(worker_round)
    .where(
        or_(
            worker_round.c.at.is_(None),
            worker_round.c.at < func.clock_timestamp() - literal_column("interval '1 second'"),
        )
    )
    .values(at=func.clock_timestamp())
    .returning(worker_round.c.at)
)
"""At most once a second, however many workers there are."""
