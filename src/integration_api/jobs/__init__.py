"""Jobs: what outlives the request that asked for it, such as an export.

A job is a row; `runner.py`, in the worker, takes it under a lease and does it for the asking
client, in that client's own context. What a kind of job does stands in the folder of its noun.
"""
