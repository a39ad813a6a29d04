"""Portal: what the service says about itself, to people and to machines, from its own package.

The start page, the API reference, the registry of problems, the drawings of the lifecycles, the
contract's own bytes, and the well-known addresses. Nothing here is loaded from another host.
Source: RFC 9116 (security.txt), RFC 9727 (api-catalog), RFC 9457 (problem types).
"""
