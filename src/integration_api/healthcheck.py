"""The container's health probe: `python -m integration_api.healthcheck`, standard library only.

It runs every few seconds beside the service, so it must not load what the service loads.
"""

import http.client
import os
import sys

SECONDS = 2.0


def ready(port: int) -> bool:
    """Return whether the service on this machine says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get("PORT", "8000"))) else 1)
