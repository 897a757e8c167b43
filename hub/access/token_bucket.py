"""Rate limiting per peer: token buckets in a bounded table. Pure."""

PEERS = 10_000
"""Peers remembered; when there are more, those that have been quiet the longest are forgotten."""


class TokenBuckets:
    """Each bucket holds `room` tokens (default: one second's worth) and refills at `rate` per second."""

    def __init__(self, rate: float, peers: int = PEERS, room: float | None = None) -> None:
        self._rate, self._peers = rate, peers
        self._room = max(rate if room is None else room, 1.0)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, peer: str, now: float) -> float:
        """Take a token at `now` (monotonic seconds); returns 0.0, or the seconds until one is available."""
        tokens, since = self._buckets.pop(peer, (self._room, now))
        tokens = min(self._room, tokens + (now - since) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        if not wait:
            tokens -= 1
        self._buckets[peer] = (tokens, now)  # at the end: the first one is the one that has been quiet the longest
        if len(self._buckets) > self._peers:
            del self._buckets[next(iter(self._buckets))]
        return wait
