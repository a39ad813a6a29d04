"""The shared backend for a municipality's integration work."""

__version__ = "1.0.0"
