"""The hub's own rounds along the path of alerts: a reading that is raised as an alert of nobody's, and delivered to it.

Its alert is of a drill that is reserved, so it goes to the reserved consumer alone and is in no list and no count;
the next round deletes it.
"""

import json
from collections.abc import Iterable
from uuid import UUID, uuid5

from hub.alerts.alert import Raise
from hub.alerts.own_kinds import ROUND
from hub.models import HUB, Micros, Origin, Raw, from_micros

FORM = ROUND
DRILL = UUID("6b0c1d7e-0000-4000-8000-70617468006d")
"""Of all rounds; it is no exercise of anybody's."""
KIND = "probe"
"""Of the consumer that gets the rounds: its channel accepts everything."""
METRIC, BEYOND = "round", 1.0
"""What the reading of a round is of, and the value from which its rule is red (analytics/rules/rounds.py)."""


class RoundMessages(list[Raw]):
    """Messages of rounds that came in a batch: not decoded."""


class Rounds(dict[Micros, Micros]):
    """Rounds that a rule has raised, by the time of their reading, with that of their arrival."""


def round_origin(transport: str, address: str) -> Origin:
    """Origin of the messages of rounds: of no device."""
    return Origin(transport, address, form=FORM, protocol=HUB)


def round_payload(at: Micros) -> bytes:
    """The message of a round: a reading as devices send it, beyond the threshold; `at` is of whole milliseconds."""
    return json.dumps({"ts": at // 1000, "values": {METRIC: BEYOND}}).encode()


def round_id(at: Micros) -> UUID:
    """The id of a round, and of its alert: derived from the time of its reading, as ids of alerts are."""
    return uuid5(DRILL, str(at))


def raised(rounds: Rounds) -> Iterable[Raise]:
    """The alerts of rounds; one that is delivered again is the same."""
    for at, received in rounds.items():
        id_, opened = round_id(at), from_micros(received)
        yield Raise(
            uuid5(id_, "raised"), id_, "hub", f"path:{id_}", FORM, 1, opened, "hub", event_kind=FORM, drill_id=DRILL
        )
