"""Seconds of a file, by the times of its frames: they go on where those jump or stand still. Pure."""

BACK_S, AHEAD_S = 1.0, 300.0
"""Further from frame to frame is a jump. Nearer they are a little out of order, or were taken now and then."""
STILL = 20
"""Frames of one time, from which on each of them counts."""
USUAL_S, LONGEST_S = 0.04, 1.0


class FileTime:
    """Of one file, from 0 on."""

    def __init__(self) -> None:
        self._offset = self._at = 0.0
        self._step, self._still = USUAL_S, 0

    def of(self, told: float) -> float:
        """When a frame was, of which the file tells a time."""
        last = self._at
        self._still += 1
        if not -BACK_S <= told + self._offset - last <= AHEAD_S:
            self._at = last + self._step
            self._offset = self._at - told if abs(told) < float("inf") else self._offset
        elif told + self._offset > last:
            self._at = told + self._offset
            self._step, self._still = min(self._at - last, LONGEST_S) if last else USUAL_S, 0
        elif self._still > STILL:
            self._at = last + self._step
            self._offset = self._at - told
        return self._at
