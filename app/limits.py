"""How much at once: the sizes of bodies, and the requests a second of each key."""

import math
import time
from typing import Final
from uuid import UUID

from app.errors import too_many

PUSH_BYTES: Final = 1024 * 1024
BATCH_BYTES: Final = 16 * 1024 * 1024
MAIL_BYTES: Final = 50 * 1024 * 1024
BODY_BYTES: Final = 64 * 1024
UPLOAD_BYTES: Final = 25_000_000
"""25 MB, as sizes of files are told."""
UPLOADS_WAITING: Final = 200
BATCH_ITEMS: Final = 1_000
STREAMS_A_KEY: Final = 50


class Rates:
    """A token bucket a key: one second's worth may come at once. Counted in this process."""

    def __init__(self) -> None:
        self._buckets: dict[UUID, tuple[float, float]] = {}

    def take(self, key: UUID, rate: int) -> None:
        """Spend one token; raises the 429. A rate of 0 is no limit."""
        if rate <= 0:
            return
        now = time.monotonic()
        tokens, at = self._buckets.get(key, (float(rate), now))
        tokens = min(float(rate), tokens + (now - at) * rate)
        if tokens < 1.0:
            self._buckets[key] = (tokens, now)
            raise too_many(math.ceil((1.0 - tokens) / rate))
        self._buckets[key] = (tokens - 1.0, now)

    def forget_full(self) -> None:
        """Drop the buckets of keys that have been quiet for a minute."""
        before = time.monotonic() - 60.0
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket[1] > before}
