"""A copy of what an agency may see, kept in step: a snapshot, then the change feed."""
