"""The hub's own rounds along the path of alerts: a message that is raised as an alert of nobody's, and delivered to it.

Its alert is of a drill that is reserved, so it goes to the reserved consumer alone and is in no list and no count;
the next round deletes it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid5

from hub.alerts.alert import Raise
from hub.models import HUB, Micros, Origin

FORM = "path_round"
DRILL = UUID("6b0c1d7e-0000-4000-8000-70617468006d")
"""Of all rounds; it is no exercise of anybody's."""
KIND = "probe"
"""Of the consumer that gets the rounds: its channel accepts everything."""


class Rounds(dict[UUID, Micros]):
    """Rounds that came in a batch, with the time of their arrival."""


def round_origin(transport: str, address: str) -> Origin:
    """Origin of the messages of rounds: of no device, and understood by the hub alone."""
    return Origin(transport, address, form=FORM, protocol=HUB)


def decode_round(payload: bytes) -> UUID | None:
    """Which round a message is; None when unreadable."""
    try:
        return UUID(payload.decode("ascii"))
    except ValueError:
        return None


def raised(rounds: Rounds) -> Iterable[Raise]:
    """The alerts of rounds; one that is delivered again is the same."""
    for id_, received in rounds.items():
        at = datetime.fromtimestamp(received / 1_000_000, UTC)
        yield Raise(
            uuid5(id_, "raised"), id_, "hub", f"path:{id_}", FORM, 1, at, "hub", event_kind=FORM, drill_id=DRILL
        )
