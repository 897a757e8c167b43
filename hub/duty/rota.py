"""Who a rota says is on duty: a pure function of the rota, the calendar and the time."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.duty.calendar import Calendar
from hub.duty.shifts import WEEK, Shift, instant, shifts_between

Unit = Literal["shift", "day", "week"]
Reason = Literal["not_begun", "hole", "no_calendar", "no_account"]
"""Why nobody is on duty: before the first turn; between shifts; the calendar of a year that it depends on is missing;
the accounts of those whose turn it is are locked or erased."""
NOBODY: frozenset[UUID] = frozenset()
_DAY = timedelta(days=1)


class Substitute(NamedTuple):
    """Somebody who stands in for another; not replaced in turn, so that two can change places."""

    begin: datetime
    end: datetime
    instead_of: UUID
    person: UUID


class Rota(NamedTuple):
    """Shifts that do not meet (`shifts.meeting`), and people who take turns in them."""

    zone: ZoneInfo
    shifts: Sequence[Shift]
    turns: Sequence[frozenset[UUID]]
    """One after the other, and again from the first; those of one turn are on duty together."""
    unit: Unit
    """What a turn is: a shift; all that begins on a day; a week from the weekday of `start`."""
    start: date
    """The first day of the first turn, in `zone`."""
    leader: UUID | None = None
    substitutes: Sequence[Substitute] = ()
    handover: timedelta | None = None
    """How long people stay on duty after their shift while nobody has taken over; None: shifts change by the clock."""


class Piece(NamedTuple):
    """A stretch of time in which the same people are on duty."""

    begin: datetime
    end: datetime
    shift: str | None
    people: frozenset[UUID]
    leader: UUID | None
    """Also while nobody is on duty."""
    reason: Reason | None


def on_duty_at(rota: Rota, calendar: Calendar, at: datetime) -> Piece:
    """The piece at a moment; its edges are those of the moment."""
    [piece] = timeline(rota, calendar, at, at + datetime.resolution)
    return piece


def timeline(rota: Rota, calendar: Calendar, begin: datetime, end: datetime) -> list[Piece]:
    """All pieces from `begin` (with a zone) to before `end`, in order, without a gap between them."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    shifts, without = _shifts(rota, calendar, begin, end)
    pieces: list[Piece] = []
    coming, near = deque(sorted(rota.substitutes)), list[Substitute]()
    for piece in _whole(shifts, without, begin, end):
        while coming and coming[0].begin < piece.end:
            near.append(coming.popleft())
        near = [each for each in near if piece.begin < each.end]
        for part in _with_substitutes(piece._replace(leader=rota.leader), near):
            last = pieces[-1] if pieces else None
            if last and part.shift is None and last[2:] == part[2:]:
                pieces[-1] = last._replace(end=part.end)
            else:
                pieces.append(part)
    return pieces


def without_inactive(piece: Piece, inactive: Set[UUID]) -> Piece:
    """A piece without people who cannot be on duty, because nobody can log in to their accounts."""
    people = piece.people - inactive
    reason: Reason | None = "no_account" if piece.people and not people else piece.reason
    return piece._replace(people=people, leader=None if piece.leader in inactive else piece.leader, reason=reason)


def holes(pieces: Iterable[Piece]) -> list[Piece]:
    """The times of a timeline in which nobody is on duty; such that follow each other for one reason are one."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.reason is None:
            continue
        last = found[-1] if found else None
        if last is not None and (last.end, last.reason) == (piece.begin, piece.reason):
            found[-1] = last._replace(end=piece.end)
        else:
            found.append(piece)
    return found


def _shifts(rota: Rota, calendar: Calendar, begin: datetime, end: datetime) -> tuple[list[Piece], list[Piece]]:
    """The shifts that may reach into a time, in order; and stretches, which may meet, of which it is known why not."""
    shifts, without = [], []
    start = instant(rota.start, 0, rota.zone)
    if begin < start:
        without.append(Piece(begin, start, None, NOBODY, None, "not_begun"))
    day = max(begin.astimezone(rota.zone).date() - _DAY, rota.start)
    number = shifts_between(rota.shifts, calendar, rota.start, day) if rota.unit == "shift" else 0
    while day <= end.astimezone(rota.zone).date():
        if rota.unit != "shift":
            number = (day - rota.start).days // (len(WEEK) if rota.unit == "week" else 1)
        for shift in sorted(rota.shifts, key=lambda each: each.begin):
            begins = shift.begins_on(day, calendar)
            if begins is False:
                continue
            if begins is None and rota.unit == "shift":
                number = None
            span = shift.span(day, rota.zone)
            if begins is None or number is None:
                without.append(Piece(*span, None, NOBODY, None, "no_calendar"))
                continue
            shifts.append(Piece(*span, shift.name, rota.turns[number % len(rota.turns)], None, None))
            number += rota.unit == "shift"
        day += _DAY
    return shifts, without


def _whole(shifts: Iterable[Piece], without: Sequence[Piece], begin: datetime, end: datetime) -> Iterator[Piece]:
    """The shifts within a time, and what is between them."""
    at = begin
    for shift in shifts:
        piece = shift._replace(begin=max(shift.begin, begin), end=min(shift.end, end))
        if piece.begin < piece.end:
            yield from _between(without, at, piece.begin)
            yield piece
            at = piece.end
    yield from _between(without, at, end)


def _between(without: Sequence[Piece], begin: datetime, end: datetime) -> Iterator[Piece]:
    """Why nobody is on duty from a moment to another: by what is known of it, else it is a hole."""
    at = begin
    for known in without:
        piece = known._replace(begin=max(known.begin, at), end=min(known.end, end))
        if piece.begin < piece.end:
            if at < piece.begin:
                yield Piece(at, piece.begin, None, NOBODY, None, "hole")
            yield piece
            at = piece.end
    if at < end:
        yield Piece(at, end, None, NOBODY, None, "hole")


def _with_substitutes(piece: Piece, substitutes: Sequence[Substitute]) -> Iterator[Piece]:
    """A piece, cut where one of the substitutes begins or ends."""
    on = piece.people | {piece.leader}
    within = [each for each in substitutes if each.instead_of in on]
    edges = {edge for each in within for edge in (each.begin, each.end) if piece.begin < edge < piece.end}
    for begin, end in pairwise(sorted({piece.begin, piece.end} | edges)):
        instead = {each.instead_of: each.person for each in within if each.begin <= begin < each.end}
        people = frozenset(instead.get(person, person) for person in piece.people)
        leader = None if piece.leader is None else instead.get(piece.leader, piece.leader)
        yield piece._replace(begin=begin, end=end, people=people, leader=leader)
