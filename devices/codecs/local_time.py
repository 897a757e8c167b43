"""Local times in the hour that comes twice, when clocks are set back: the time of arrival tells which one is meant.

Whichever is possible and near the arrival is taken. What comes long after both could be either, and is refused: taken
for the wrong one it would repeat a reading of that, or conflict with it.
"""

from datetime import datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.errors import DecodeError
from hub.models import Micros, from_micros
from hub.words.sentence import Sentence

AHEAD = timedelta(minutes=10)
"""How far a clock may be ahead: a time that lies further ahead of its arrival was not meant."""
LIVE = timedelta(minutes=30)
"""What comes so soon after the later of the two times is taken for live: the earlier one was 60 minutes before it."""
SINCE = 2000
"""No reading is older (clock.py)."""


class SettingBack(tzinfo):
    """A zone whose clocks are set back, or have been since 2000; by itself the earlier of two times is meant."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def at(self, received: Micros) -> tzinfo:
        """The zone as it is to be understood in a message that came then."""
        return _AtArrival(self.zone, from_micros(received))

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return self.zone.utcoffset(at)

    def dst(self, at: datetime | None) -> timedelta | None:
        return self.zone.dst(at)

    def tzname(self, at: datetime | None) -> str | None:
        return self.zone.tzname(at)


class _AtArrival(SettingBack):
    def __init__(self, zone: tzinfo, received: datetime) -> None:
        super().__init__(zone)
        self._received = received.replace(tzinfo=None)

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        """Raises DecodeError at the member "ts" when either of two times may be meant."""
        first = self.zone.utcoffset(at)
        if at is None or first is None:
            return first
        second = self.zone.utcoffset(at.replace(fold=1))
        if second is None or second >= first:  # once, or never: clocks are set forward over it
            return first
        local = at.replace(tzinfo=None, fold=0)
        late = self._received - (local - second)
        if late < -AHEAD:
            return first
        if late > LIVE:
            raise DecodeError("ambiguous_time", Sentence("refusal.ts.ambiguous", local=local.isoformat(" ")), "/ts")
        return second


@cache
def zone_of(name: str) -> tzinfo:
    """Time zone by name; a SettingBack where an hour may come twice."""
    zone = ZoneInfo(name)
    months = (datetime(year, month, 1, tzinfo=zone) for year in range(SINCE, 2100) for month in range(1, 13))
    offsets = [at.utcoffset() or timedelta() for at in months]
    back = any(later < earlier for earlier, later in pairwise(offsets))
    return SettingBack(zone) if back else zone


def zone_at(zone: tzinfo, received: Micros) -> tzinfo:
    """A zone as it is to be understood in a message that came then."""
    return zone.at(received) if isinstance(zone, SettingBack) else zone
