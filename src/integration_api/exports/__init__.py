"""Exports: all that a client may see, as of one moment, with the place to go on from in the feed.

An export has the id of its job. Its lines are the documents that the nouns themselves answer with.
"""
