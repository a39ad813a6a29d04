"""The edge: what a request must be before a route sees it, what answers carry, the way out."""
