"""Messages without news: those a broker had retained, and empty ones, which clear a retained topic.

A broker sends what it has retained whenever somebody subscribes: it is no sign of life, and what carries no time of its
own would be new each time. Such messages and parts are left out and counted by device, for its diagnosis.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from devices.codecs.decoded import Codec, Decoded
from devices.codecs.mapping import Transform, decode_mapped
from hub.models import Batch, Micros, Raw, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)


@dataclass(slots=True)
class NoNews:
    """Of one device in a batch."""

    last: Micros
    address: str
    """Where the last one came from."""
    retained: int = 0
    empty: int = 0


class NoNewsOf(dict[int, NoNews]):
    """Of a batch: messages without news, by device id."""

    def add(self, device: int, address: str, received: Micros, *, empty: bool) -> None:
        """Count a message."""
        found = self.setdefault(device, NoNews(received, address))
        found.last, found.address = received, address
        found.retained += not empty
        found.empty += empty


def keep_own_times(decoded: Decoded, codec: Codec, raw: Raw, mapping: Mapping[str, Transform], zone: tzinfo) -> bool:
    """Leave out of a message what has no time of its own; returns whether all of it has.

    The message is decoded once more, in the zone that it was decoded in, with another time of arrival: a time that this
    does not change is its own.
    """
    received, transform = raw.received + 1, mapping.get(raw.origin.form)
    if transform is None:
        again = codec(raw.payload, received, zone)
    else:
        again, _ = decode_mapped(transform, codec, raw.payload, received, zone)
    own = [at == other for at, other in zip(decoded.ts, again.ts, strict=True)]
    events = [draft for draft in decoded.events if draft.ts is not None]
    whole = all(own) and len(events) == len(decoded.events)
    if decoded.codes is not None and again.codes is not None and decoded.codes.in_quotes != again.codes.in_quotes:
        decoded.codes.in_quotes, whole = [], False
    if not whole:
        decoded.keep([row for row, kept in enumerate(own) if kept])
        if decoded.codes is not None:
            decoded.codes.states = {}  # what is left of the events has other places
        decoded.events = events
    decoded.timeless = decoded.reply is not None
    return whole


def keep_told_times(decoded: Decoded) -> bool:
    """The same for an envelope, which tells the time for all that is within it, or none."""
    if not decoded.timeless:
        return True
    decoded.metrics, decoded.ts, decoded.values, decoded.events = [], [], [], []
    decoded.units = decoded.quality = decoded.codes = None
    decoded.timeless = decoded.reply is not None
    return False


class Retained(Stage):
    """Stores how many messages of each device brought no news."""

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Add up."""
        if counts := sorted(batch.of(NoNewsOf).items()):  # one order: two writers do not deadlock
            values = {
                "devices": [id_ for id_, _ in counts],
                "retained": [count.retained for _, count in counts],
                "empty": [count.empty for _, count in counts],
                "addresses": [count.address for _, count in counts],
                "last_at": [from_micros(count.last) for _, count in counts],
            }
            await conn.execute(SQL.no_news, values)
