"""What the operator's monitoring reads: requests by route and status, streams, retries. Counted in this process."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY: Final = CollectorRegistry(auto_describe=True)
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests: Final = Counter(
    "throughline_requests", "Requests answered", ["method", "route", "status"], registry=REGISTRY
)
_seconds: Final = Histogram(
    "throughline_request_seconds", "Time to the answer", ["method", "route"], buckets=BUCKETS, registry=REGISTRY
)
STREAMS: Final = Gauge("throughline_streams_open", "Open live streams", registry=REGISTRY)
ITEMS: Final = Counter("throughline_items", "Interactions handed in, by outcome", ["status"], registry=REGISTRY)

SEARCH_LAG: Final = Gauge(
    "throughline_search_lag_seconds",
    "How long ago the oldest event was recorded that search has not taken in",
    ["workspace"],
    registry=REGISTRY,
)
SEARCH_FAULTS: Final = Gauge(
    "throughline_search_faults", "Documents that search set aside", ["workspace"], registry=REGISTRY
)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(method, route).observe(seconds)


def exposition() -> bytes:
    return generate_latest(REGISTRY)
