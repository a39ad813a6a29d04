"""The health probe of containers and units: `python -m integration_api.healthcheck [SECONDS]`.

Asks once, or until the service is ready or the seconds are over. It may run every few seconds
beside the service, so it must not load what that loads: the standard library is all it has.
"""

import http.client
import os
import sys
import time

SECONDS = 2.0
PAUSE = 0.2


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


def ready_within(port: int, seconds: float) -> bool:
    """Return whether the service gets ready in time; asks at least once."""
    end = time.monotonic() + seconds
    while not (found := ready(port)) and time.monotonic() < end:
        time.sleep(PAUSE)
    return found


if __name__ == "__main__":
    patience = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    sys.exit(0 if ready_within(int(os.environ.get("PORT", "8000")), patience) else 1)
