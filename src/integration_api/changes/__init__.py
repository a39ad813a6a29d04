"""The order of events: each gets a number, dense, after its commit, and keeps it.

Events are written with the change that causes them (`kernel/journal.py`). The sequencer, a job of
the worker, numbers them; whoever reads them on goes by the number.
"""
