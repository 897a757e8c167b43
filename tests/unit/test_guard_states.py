"""States that switch a guard off: begun and ended by events, by the newest that is known."""

from uuid import UUID

from devices.guards.states import Off, Said, after, said_by
from hub.models import Event


def _event(kind: str, state: str | None, ts: int, received: int) -> Event:
    return Event(UUID(int=ts), 7, "d", ts, received, kind, state)


def test_only_states_of_guards_are_heard_and_none_is_of_the_future() -> None:
    events = [_event("shielded", "active", 5, 9), _event("fire", "active", 5, 9), _event("muted", None, 12, 9)]
    assert list(said_by([*events, _event("shielded", "inactive", 6, 9)])) == [
        Said((7, "", "shielded"), 5, True), Said((7, "", "muted"), 9, True), Said((7, "", "shielded"), 6, False)
    ]  # fmt: skip


def test_a_state_lasts_from_its_first_message_until_its_end() -> None:
    assert after(None, 5, False) is None
    off = after(None, 5, True)
    assert off == Off(5)
    assert after(off, 8, True) is off, "said again"
    over = after(off, 9, False)
    assert over == Off(5, 9)
    assert after(over, 12, False) is over
    assert after(over, 12, True) == Off(12), "another one, which is told anew"


def test_what_is_older_than_the_newest_changes_nothing() -> None:
    off, over = Off(5, told=True), Off(5, 9, told=True)
    assert after(off, 4, False) is off
    assert after(over, 8, True) is over
    assert after(off, 7, False) == Off(5, 7, told=True)
