"""What has changed, in one order: each event has a number, dense, given after its commit, kept.

Events are written with the change that causes them (`kernel/journal.py`). The sequencer, a job of
the worker, numbers them; whoever reads them on goes by the number.
"""
