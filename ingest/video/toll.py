"""What reading one stream costs the thread that reads all of a process: who sends too much is slowed, then given up.

Its connection is read more slowly, which slows the sender (TCP); others are read meanwhile.
"""

import time

from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence

SHARE = 0.2
"""Of a processor: some 100 Mbit/s of whole packets, five times what a camera of 4096 x 2304 sends."""
BURST_S = 0.3
"""Of a processor that may be spent at once: what has waited in the network comes together."""
LEAST_S = 0.05
"""A shorter wait is not worth it."""
PATIENCE_S = 5.0
"""It is slowed for so long without a pause until it is given up."""
MESSAGE_S, BYTE_S = 12e-6, 1e-9
"""That a packet and a byte cost before anybody has looked at them."""


class Toll:
    """Of one stream."""

    def __init__(self) -> None:
        self.spent = 0.0
        """Seconds of processor so far."""
        self._level, self._at = 0.0, time.monotonic()
        self._slowed_at = float("inf")

    def wait_s(self, messages: int, octets: int, worked_s: float = 0.0) -> float:
        """How long nothing more is read after this; `worked_s` were spent on it. CameraFailed."""
        spent = messages * MESSAGE_S + octets * BYTE_S + worked_s
        now = time.monotonic()
        self.spent += spent
        self._level = max(0.0, self._level - SHARE * (now - self._at)) + spent
        self._at = now
        wait_s = (self._level - BURST_S) / SHARE
        if wait_s < LEAST_S:
            if self._level < BURST_S / 2:
                self._slowed_at = float("inf")
            return 0.0
        self._slowed_at = min(self._slowed_at, now)
        if now - self._slowed_at > PATIENCE_S:
            raise CameraFailed("answer", Sentence("camera.failed.flood"))
        return wait_s
