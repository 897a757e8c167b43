"""Alert routing: which consumers receive a change, and why the others do not. Pure, and independent of the registry."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from hub.alerts.hours import Hours, readable_hours
from hub.alerts.quiet import Quiet
from hub.models import LEVEL_NAMES
from hub.words.sentence import Sentence

MOST_FILTERS = 200
"""Of one consumer: bounds what every process keeps in memory, and what a person still overlooks."""
OWN = "ganzhi.path"
"""Code of the consumer of the hub's own rounds (hub/alerts/path.py): people are not told of it."""
NOWHERE: Mapping[str, float] = MappingProxyType({})
_NEVER = (None, datetime.min.replace(tzinfo=UTC))


class Inhibitor(NamedTuple):
    """An alert of the parent of an alert's device that a rule lets inhibit it."""

    alert: UUID
    told: Mapping[int, int]
    """By the ids of the consumers that were told of it, or that are owed it, at which level: from these it keeps back
    what follows from it up to that. It counts with the level of what keeps it back itself."""


class Place(NamedTuple):
    """What an alert is routed by."""

    organisation: str | None
    """Code of the organisation that the device belongs to."""
    region: str | None
    """12-digit division code, as it was when the alert was raised."""
    category: str | None
    """Of the device's profile, such as fire."""
    level: int
    """The highest that the alert has reached: who was told of a red alert also hears how it goes on."""
    areas: frozenset[str] = frozenset()
    """Codes of the named areas in which the device is."""
    event_kind: str | None = None
    """Of an alert of a kind of event, such as fire."""
    device: str | None = None
    """Its code."""
    metric: str | None = None
    near: Mapping[str, float] = NOWHERE
    """Metres to the border of places that are near: the digits of a division, or @ and an area."""
    told: frozenset[int] = frozenset()
    """Ids of the consumers that were told of the alert before: how it goes on they hear at any hour."""
    drill: frozenset[int] | None = None
    """Of a drill: ids of the consumers that it was made for; nobody else gets it but, of what is red of a device under
    test, the fallback consumer."""
    tested: bool = False
    """Whether it is of a device under test."""
    inhibitors: tuple[Inhibitor, ...] = ()
    """The oldest first (hub/alerts/inhibition.py)."""
    waits_until: datetime | None = None
    """Of a series that is silent: until then it is kept back, for it may be its gateway that is (waiting.py)."""


_SHARED = tuple(name for name in Place._fields if name not in ("device", "metric", "near", "inhibitors", "waits_until"))
"""What alerts of one place have in common."""


class Filter(NamedTuple):
    """One of the filters by which a consumer subscribes; None matches everything."""

    min_level: int = 1
    region: str | None = None
    """The first digits of a division code."""
    organisation: str | None = None
    category: str | None = None
    area: str | None = None
    """Code of a named area."""
    event_kind: str | None = None
    hours: Hours | None = None
    """When the consumer wants to be told of something new."""
    said: str = ""
    """The hours, as they are written."""
    border_m: float = 0
    """It also takes what is so near to the border of its region, or of its area."""
    valid_from: datetime | None = None
    """Of its area; before that it matches nothing, nor from `valid_to` on."""
    valid_to: datetime | None = None

    @property
    def key(self) -> str:
        """The most selective of the places that it names; a place that it takes has this among its `keys`."""
        if self.area is not None:
            return f"@{self.area}"
        return f"={self.organisation}" if self.region is None and self.organisation is not None else self.region or ""

    def takes(self, place: Place, at: datetime, told: bool = False) -> bool:
        """Whether it matches at a time; `told`: whatever the hour."""
        return (
            place.level >= self.min_level
            and self.organisation in (None, place.organisation)
            and self.category in (None, place.category)
            and self.event_kind in (None, place.event_kind)
            and (self.region is None or self._in_region(place) or self._near(place, self.region))
            and (self.area is None or self.area in place.areas or self._near(place, f"@{self.area}"))
            and self._valid(at)
            and (self.hours is None or told or self.hours.holds(at))
        )

    def mismatches(self, place: Place, at: datetime, told: bool = False) -> list[Sentence]:
        """Everything by which it does not match; empty when it takes the place."""
        found = []
        if place.level < self.min_level:
            found.append(Sentence("routing.level", level=level_word(place.level), floor=level_word(self.min_level)))
        for name, wanted, is_ in (
            ("organisation", self.organisation, place.organisation),
            ("category", self.category, place.category),
            ("event_kind", self.event_kind, place.event_kind),
        ):
            if wanted is not None and wanted != is_:
                found.append(Sentence(f"routing.{name}", wanted=wanted, found=is_ or Sentence("routing.none")))
        if self.region is not None and not (self._in_region(place) or self._near(place, self.region)):
            found.append(self._outside("region", self.region, place.near.get(self.region)))
        if self.area is not None and not (self.area in place.areas or self._near(place, f"@{self.area}")):
            found.append(self._outside("area", self.area, place.near.get(f"@{self.area}")))
        if not self._valid(at):
            found.append(Sentence("routing.area.invalid", area=self.area))
        if not (self.hours is None or told or self.hours.holds(at)):
            found.append(Sentence("routing.hours", hours=self.said))
        return found

    def by_border(self, place: Place) -> bool:
        """Of a place that it takes: whether only because it is near a border."""
        return (self.region is not None and not self._in_region(place)) or (
            self.area is not None and self.area not in place.areas
        )

    def _in_region(self, place: Place) -> bool:
        return place.region is not None and self.region is not None and place.region.startswith(self.region)

    def _near(self, place: Place, key: str) -> bool:
        return self.border_m > 0 and place.near.get(key, self.border_m + 1) <= self.border_m

    def _valid(self, at: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)

    def _outside(self, what: str, where: str, metres: float | None) -> Sentence:
        if self.border_m <= 0:
            return Sentence(f"routing.{what}", where=where)
        if metres is None:
            return Sentence(f"routing.{what}.far", where=where, border_m=f"{self.border_m:g}")
        return Sentence(f"routing.{what}.near", where=where, metres=f"{metres:.0f}", border_m=f"{self.border_m:g}")


class Grouping(NamedTuple):
    """A consumer is told in summaries, one each `every_s` s, of what is beyond `after` changes within `within_s` s."""

    after: int
    within_s: float
    every_s: float


class Subscriber(NamedTuple):
    """A consumer as routing knows it."""

    id: int
    code: str
    owner: str | None
    """Code of the organisation that it belongs to; None: of the whole hub."""
    filters: tuple[Filter, ...]
    """Any of them is enough."""
    enabled: bool = True
    fallback: bool = False
    """Whether it gets the red alerts that nobody else gets, or accepts in time; at most one does."""
    quiet: tuple[Quiet, ...] = ()
    grouping: Grouping | None = None


class Sight(NamedTuple):
    """How an organisation sees an alert."""

    ceiling: int
    """Up to which level of data, as a number."""
    shares: tuple[UUID, ...] = ()
    """The shares that let it through; none: it sees it without one."""


class Sees(Protocol):
    """What organisations may see (hub/alerts/reach.py)."""

    def sees(self, organisation: str, place: Place, at: datetime) -> bool:
        """Whether an organisation may see an alert at a time."""
        ...

    def sight(self, organisation: str, place: Place, at: datetime) -> Sight | None:
        """How an organisation sees an alert at a time; None: not at all."""
        ...


class Verdict(NamedTuple):
    """Whether a consumer gets an alert, and why, or all that is against it."""

    takes: bool
    reasons: tuple[Sentence, ...]


def verdict(subscriber: Subscriber, place: Place, at: datetime, reach: Sees) -> Verdict:
    """What routing decides about one consumer; of several filters that do not match it tells about the closest."""
    if not subscriber.enabled:
        return Verdict(False, (Sentence("routing.off"),))
    if subscriber.owner is not None and not reach.sees(subscriber.owner, place, at):
        return Verdict(False, (Sentence("routing.owner", owner=subscriber.owner),))
    if place.drill is not None:
        if subscriber.id in place.drill:
            return Verdict(True, (Sentence("routing.drill.chosen"),))
        return Verdict(False, (Sentence("routing.drill.others"),))
    told, tried = subscriber.id in place.told, list[tuple[int, list[Sentence]]]()
    for number, wanted in enumerate(subscriber.filters, 1):
        mismatches = wanted.mismatches(place, at, told)
        if not mismatches:
            how = "routing.by_border" if wanted.by_border(place) else "routing.by_filter"
            return Verdict(True, (Sentence(how, number=number),))
        tried.append((number, mismatches))
    if not tried:
        return Verdict(False, (Sentence("routing.nothing"),))
    number, closest = min(tried, key=lambda each: len(each[1]))
    if len(tried) == 1:
        return Verdict(False, tuple(closest))
    return Verdict(False, (Sentence("routing.closest", count=len(tried), number=number), *closest))


class Subscriptions:
    """The consumers; filters of those switched on are kept by place, and a change looks at those of its own only."""

    def __init__(
        self, subscribers: Iterable[Subscriber], reach: Sees, silences: Sequence[Any] = (), chains: Any = None
    ) -> None:
        """The order of the subscribers is that of the recipients.

        `silences` are those of hub/alerts/silences.py, `chains` the Chains of hub/alerts/chains.py.
        """
        self.subscribers, self.reach, self.silences, self.chains = tuple(subscribers), reach, silences, chains
        self._by_key: dict[str, list[tuple[int, Filter]]] = {}
        for at, subscriber in enumerate(self.subscribers):
            for wanted in subscriber.filters if subscriber.enabled else ():
                self._by_key.setdefault(wanted.key, []).append((at, wanted))
        borders = [wanted.border_m for subscriber in self.subscribers for wanted in subscriber.filters]
        self.border_m = max(borders, default=0)
        """The farthest that anybody looks over a border."""
        self.quiet = {each.id: each.quiet for each in self.subscribers if each.quiet}
        """Quiet hours by the id of their consumer."""
        self.keeps_back = bool(silences or self.quiet)
        self.groupings = {each.id: each.grouping for each in self.subscribers if each.grouping is not None}
        self.fallback = next((each.id for each in self.subscribers if each.fallback), None)

    def recipients(self, place: Place, at: datetime) -> list[int]:
        """Ids of the consumers that a change goes to, in their order."""
        if place.drill is not None:
            return [each.id for each in self.subscribers if verdict(each, place, at, self.reach).takes]
        taken = set[int]()
        for key in _keys(place):
            for number, wanted in self._by_key.get(key, ()):
                if number in taken:
                    continue
                subscriber = self.subscribers[number]
                if subscriber.owner is not None and not self.reach.sees(subscriber.owner, place, at):
                    continue
                if wanted.takes(place, at, subscriber.id in place.told):
                    taken.add(number)
        return [self.subscribers[number].id for number in sorted(taken)]

    def recipients_of(self, at: datetime) -> Callable[[Place], list[int]]:
        """As `recipients`, for many changes of one time: those of alerts of one place are found once, as in a storm.

        10,000 alerts for 100 consumers of everything took 4 s without. Which device it is matters to owners only.
        """
        found = dict[tuple[object, ...], list[int]]()
        owned = any(each.owner is not None for each in self.subscribers)

        def recipients(place: Place) -> list[int]:
            if owned or place.near:
                return self.recipients(place, at)
            key = tuple(getattr(place, name) for name in _SHARED)
            if key not in found:
                found[key] = self.recipients(place, at)
            return found[key]

        return recipients

    def verdicts(self, place: Place, at: datetime) -> list[tuple[Subscriber, Verdict]]:
        """What routing decides about every consumer, in their order."""
        found = [(each, verdict(each, place, at, self.reach)) for each in self.subscribers if each.code != OWN]
        if place.tested and self.fallback is None and place.level >= len(LEVEL_NAMES):  # as hub/alerts/fallback.py
            real = place._replace(drill=None, tested=False)
            return [(each, told if told.takes else verdict(each, real, at, self.reach)) for each, told in found]
        exercise = place.drill is not None and not place.tested
        if place.level < len(LEVEL_NAMES) or self.fallback is None or exercise:
            return found
        alone = place.tested or not any(each.takes for _, each in found)
        red = Sentence("delivery.why.tested") if place.tested else Sentence("delivery.why.unmatched")
        why = red if alone else Sentence("routing.fallback.waits")
        return [
            (each, Verdict(alone, (why, *told.reasons)) if each.id == self.fallback and not told.takes else told)
            for each, told in found
        ]


def _keys(place: Place) -> Iterator[str]:
    """The keys of all filters that may take a place."""
    yield ""
    if place.organisation is not None:
        yield f"={place.organisation}"
    for digits in range(1, len(place.region or "") + 1):
        yield (place.region or "")[:digits]
    for area in place.areas:
        yield f"@{area}"
    for key in place.near:
        if not (key[1:] in place.areas if key.startswith("@") else (place.region or "").startswith(key)):
            yield key


def stored_filter(given: Mapping[str, Any], areas: Mapping[str, tuple[datetime | None, datetime | None]]) -> Filter:
    """A filter as it is stored: the members that are limited. `areas` tells from when to when each is valid."""
    area = given.get("area")
    # An area that is not there any more takes nothing: it was deleted past the API.
    valid_from, valid_to = (None, None) if area is None else areas.get(area, _NEVER)
    days, hours, zone = given.get("days"), given.get("hours"), given.get("zone")
    return Filter(
        given.get("min_level", 1), given.get("region"), given.get("organisation"), given.get("category"), area,
        given.get("event_kind"), readable_hours(days, hours, zone), said(days, hours, zone), given.get("border_m", 0),
        valid_from, valid_to,
    )  # fmt: skip


def said(days: Iterable[int] | None, hours: str | None, zone: str | None) -> str:
    """Hours in short, as in `1,2,3,4,5 08:00-18:00 Asia/Urumqi`."""
    on = "" if days is None else ",".join(map(str, sorted(days)))
    return " ".join(part for part in (on, hours, zone) if part)


def level_word(level: int) -> Sentence:
    """The word for a level."""
    return Sentence(f"alert.state.{LEVEL_NAMES[level - 1]}")
