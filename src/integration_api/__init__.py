"""The shared backend for a municipality's integration work."""

__version__ = "0.1.0"
