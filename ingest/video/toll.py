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
PATIENCE_S, FORGIVEN = 5.0, 0.1
"""It is given up once it was kept waiting for so long, of which a tenth of the time that goes by is forgotten."""
MESSAGE_S, BYTE_S = 12e-6, 1e-9
"""That a packet and a byte cost before anybody has looked at them."""


class Toll:
    """Of one stream."""

    def __init__(self) -> None:
        self.spent = 0.0
        """Seconds of processor so far."""
        self._level, self._at = 0.0, time.monotonic()
        self._waited = 0.0

    def wait_s(self, messages: int, octets: int, worked_s: float = 0.0) -> float:
        """How long nothing more is read after this; `worked_s` were spent on it. CameraFailed."""
        spent = messages * MESSAGE_S + octets * BYTE_S + worked_s
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self.spent += spent
        self._level = max(0.0, self._level - SHARE * passed) + spent
        self._waited = max(0.0, self._waited - FORGIVEN * passed)
        wait_s = (self._level - BURST_S) / SHARE
        if wait_s < LEAST_S:
            return 0.0
        if self._waited > PATIENCE_S:
            raise CameraFailed("answer", Sentence("camera.failed.flood"))
        self._waited += wait_s
        return wait_s
