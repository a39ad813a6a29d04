"""Checks: what follows from a residence status. Orientation, never a decision; nothing is stored.

Asked without a key of stated facts, or with one of a person, whose read is recorded.
"""
