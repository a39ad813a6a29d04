"""The compiled statement of a reader: where the order of events ends now."""

from sqlalchemy import select

from integration_api.kernel.statements import Query

from .models import feed_head

NOW = Query(select(feed_head.c.epoch, feed_head.c.last))
