"""The edge: what a request must be before a route sees it, and what every answer carries."""
