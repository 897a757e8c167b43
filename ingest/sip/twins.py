"""Two devices that have one number: they take the registration from each other by turns. Pure.

A device that moved registers from another address from then on; only of two is the former one heard again.
"""

from typing import NamedTuple

from ingest.sip.limits import REGISTERED

Place = tuple[str, int]
"""Host and port."""
WITHIN_S = 3600.0
"""How long an address is remembered that another one took over from."""


class _Turn(NamedTuple):
    place: Place
    former: Place | None
    at: float


class Twins:
    """Remembers from where each device registered, and from where before; bounded by the registrations."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def registered(self, id_: str, place: Place, now: float) -> Place | None:
        """Where the other of two devices is that have this number; None: there is one. `now` of the loop's clock."""
        turn = self._turns.pop(id_, None)
        if turn is None or turn.place == place:
            self._keep(id_, _Turn(place, None, now) if turn is None else turn)
            return None
        self._keep(id_, _Turn(place, turn.place, now))
        return turn.place if turn.former == place and now - turn.at < WITHIN_S else None

    def _keep(self, id_: str, turn: _Turn) -> None:
        if len(self._turns) >= REGISTERED:
            del self._turns[next(iter(self._turns))]
        self._turns[id_] = turn
