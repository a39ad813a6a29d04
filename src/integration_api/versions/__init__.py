"""Versions: what has changed, what ends, and what a client may rely on; for people and machines.

Source: RFC 9745 and RFC 8594 (deprecation, sunset), Keep a Changelog 1.1.0, SemVer 2.0.0.
"""
