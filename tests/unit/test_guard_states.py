"""States that switch a guard off: begun and ended by events, by the newest that is known."""

from uuid import UUID

from devices.guards.states import Off, Said, after, is_over, said_by, with_parts
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


def test_an_end_ends_all_below_it_and_what_began_before_it_and_comes_later() -> None:
    off = [(7, "1/3/40-2", "shielded"), (7, "1/30", "shielded"), (7, "1/3/40-2", "muted"), (8, "1/3", "shielded")]
    assert [each.key[1] for each in with_parts(Said((7, "1/3", "shielded"), 9, False), off)] == ["1/3", "1/3/40-2"]
    whole = [each.key[1] for each in with_parts(Said((7, "", "shielded"), 9, False), off)]
    assert whole == ["", "1/3/40-2", "1/30"], "an end of the whole device is one of its parts"
    for around in ("", "1", "1/3", "1/3/40-2"):
        ends = {(7, around, "shielded"): 20}
        assert is_over(Said(off[0], 10, True), ends), around
        assert not is_over(Said(off[0], 20, True), ends), "as of the end itself it is another one"
    assert not is_over(Said(off[0], 10, True), {(7, "1/30", "shielded"): 20, (7, "1/3", "muted"): 20})
