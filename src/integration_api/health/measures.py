"""What waits, as numbers for Prometheus; the same look that the page takes, and no second one."""

from collections.abc import Mapping

from prometheus_client import Gauge

from .service import Counted

WAITING = Gauge(
    "status_waiting", "What waits in a part of the service, counted up to 1,000.", ("part",)
)
OLDEST = Gauge("status_oldest_seconds", "For how long the oldest of it has waited.", ("part",))
ROUND = Gauge("worker_round_age_seconds", "Time since a worker finished a whole round.")
ATTEMPTS = Gauge("webhook_attempts_hour", "Attempts of the last hour, of the last 1,000 at most.")
FAILED = Gauge("webhook_attempts_hour_failed", "Those of them that failed.")
DISABLED = Gauge("webhook_endpoints_disabled", "Endpoints that the service has disabled.")
NAN = float("nan")


def show(found: Mapping[str, Counted]) -> None:
    """Set the gauges; what is not known is not a number."""
    for part in ("events", "deliveries", "jobs", "deadlines", "sealing"):
        one = found.get(part)
        WAITING.labels(part).set(one.waiting if one else NAN)
        OLDEST.labels(part).set((one.seconds or 0.0) if one else NAN)
    attempts, endpoints, worker = (found.get(n) for n in ("attempts", "endpoints", "worker"))
    ATTEMPTS.set((attempts.total or 0) if attempts else NAN)
    FAILED.set(attempts.waiting if attempts else NAN)
    DISABLED.set(endpoints.waiting if endpoints else NAN)
    ROUND.set(worker.seconds if worker and worker.seconds is not None else NAN)
