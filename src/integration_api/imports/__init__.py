"""Imports: cases of another system in bulk, sent in parts and merged by their numbers there.

An import waits until its parts are there; its job merges them batch by batch, each a transaction
with its progress, so that whoever goes on after a fault goes on where it stopped.
"""
