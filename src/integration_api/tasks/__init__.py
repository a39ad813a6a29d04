"""Tasks: work that an agency owes by a day; today the review of an emergency access.

Nobody opens a task by hand: what happens elsewhere does, in the same transaction.
"""
