"""Which frames of a stream or file are looked at: so many a second, of those that there are. Pure."""


class Sampler:
    """Times that are as far apart as was asked for, and for each the frame that is nearest to it.

    Over many frames there are never more than were asked for, whatever the rate of the source. Each look is at
    most a quarter of an interval early.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._next = self._last = float("-inf")

    def is_due(self, t: float, divisor: int = 1) -> bool:
        """Whether the frame at `t`, in seconds, is looked at; `divisor`: 2: half as many are."""
        apart = divisor / self._fps
        if not -apart <= self._next - t <= 1.5 * apart:  # the first one, or its time has jumped
            self._next = t
        early = max(min((t - self._last) / 2, apart / 4) - 1e-6, 1e-6)
        self._last = t
        if t < self._next - early:
            return False
        self._next = max(self._next + apart, t + apart / 2)
        return True
