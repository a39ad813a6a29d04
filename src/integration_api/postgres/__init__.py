"""PostgreSQL around the service: a server of one's own, and the schema inside whichever server."""
