"""Processes that a test may kill: forked from one that has imported the service already."""

import multiprocessing

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.webhooks.dying", "tests.changes.numbering"])
