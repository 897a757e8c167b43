"""In-memory representation of devices and profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from sys import intern
from typing import Any, Literal

from devices.codecs.code_table import NO_CODES, CodeTable, table_of
from devices.codecs.decoded import Codec
from devices.codecs.mapping import Transform, compiled
from devices.codecs.modbus.poll import poll
from devices.codecs.modbus.polling import Polling, polling_of
from devices.codecs.protocols import CODECS, MODBUS

Range = tuple[float, float]
State = Literal["pending", "active", "suspended", "retired"]

UNBOUNDED: Range = (float("-inf"), float("inf"))


@dataclass(slots=True, frozen=True)
class Profile:
    """The parts of a profile the ingest path uses."""

    id: int
    code: str
    version: int
    max_future: int
    """Microseconds a timestamp may be ahead of the hub's clock."""
    ranges: Mapping[str, Range]
    """The physical range of each metric."""
    adds: int = 0
    """How many series a device may have when metrics that the profile does not know are added; 0: they are refused."""
    mapping: Mapping[str, Transform] = field(default_factory=dict)
    """By form: what makes a payload of the contract of what its devices send; for most profiles nothing."""
    last_wins: bool = False
    """Whether, of two values for the same time, the later one replaces the one before."""

    lateness: int = 0
    """Microseconds that readings may come out of order and still be judged in the order of their times."""

    units: Mapping[str, str] = field(default_factory=dict)
    """Of metrics that have one, in UCUM."""

    payload: str | None = None
    """What decodes the payloads that networks and platforms carry: a name in devices/codecs/payloads.py."""

    polling: Polling | None = None
    """How its devices are polled; None: they are not."""

    codecs: Mapping[tuple[str, str], Codec] = field(default_factory=dict)
    """By protocol and form: codecs that need its register map."""

    states: frozenset[str] = frozenset()
    """Metrics that are states (0 or 1), or that the profile excepts from detection."""

    codes: CodeTable = NO_CODES
    """What codes of its devices measure and mean, beside the tables that are shipped."""

    guards: Mapping[str, float | None] = field(default_factory=dict)
    """How long each state that switches a guard off may last, in seconds, where the profile has its own."""

    def detects(self, metric: str) -> bool:
        """Whether it is learned what is usual of a metric."""
        return metric not in self.states

    def codec(self, protocol: str, form: str) -> Codec:
        """The codec of messages of its devices; its own where that needs the map."""
        kind = protocol, form
        return self.codecs.get(kind) or CODECS[kind] if self.codecs else CODECS[kind]

    def takes(self, metric: str) -> bool:
        """Whether readings of a metric are accepted."""
        return self.adds > 0 or metric in self.ranges


@dataclass(slots=True, eq=False)
class Device:
    """A device in the registry. Immutable: a changed device is a new object."""

    id: int
    code: str
    gateway: str | None
    """Code of the parent, which may speak for it."""
    zone: tzinfo
    active: bool
    profile: Profile
    first: int
    """The lowest of its series ids."""
    layout: dict[str, int]
    """What to add to `first` for the series of a metric: shared by devices that were made alike, for a dict of its
    own costs 400 bytes a device."""
    name: str = ""
    """In one line."""
    state: State = "active"
    organisation: str | None = None
    """Code of the organisation that it belongs to."""
    region: str | None = None
    """Division code of 12 digits."""
    areas: tuple[str, ...] = ()
    """Keys of the areas that hold it, as of grants."""

    @property
    def max_future(self) -> int:
        """Microseconds a timestamp may be ahead of the hub's clock."""
        return self.profile.max_future

    @property
    def series(self) -> dict[str, int]:
        """Series id by accepted metric."""
        return {metric: self.first + offset for metric, offset in self.layout.items()}


def profile_of(row: Any) -> Profile:
    """The profile of an array of `news` (registry.sql)."""
    (
        id_,
        code,
        version,
        max_future_s,
        metrics,
        adds,
        mapping,
        on_conflict,
        lateness_s,
        payload,
        codes,
        guards,
        *polled,
    ) = row
    ranges = {
        intern(name): (_bound(spec.get("min"), UNBOUNDED[0]), _bound(spec.get("max"), UNBOUNDED[1]))
        for name, spec in metrics.items()
    }
    units = {intern(name): intern(unit) for name, spec in metrics.items() if (unit := spec.get("unit"))}
    future, lateness, last_wins = max_future_s * 1_000_000, lateness_s * 1_000_000, on_conflict == "last_wins"
    states = frozenset(intern(name) for name, spec in metrics.items() if not detects(spec))
    polling = polling_of(polled[0], metrics, polled[1])
    codecs = {} if polling is None else {(MODBUS, "poll"): poll(polling.registers)}
    tables = table_of(codes) if codes else NO_CODES
    told = compiled(mapping), last_wins, lateness, units, payload, polling, codecs, states, tables, guards
    return Profile(id_, code, version, future, ranges, adds, *told)


def detects(spec: Mapping[str, Any]) -> bool:
    """Whether it is learned what is usual of a metric: as its profile says, else unless it is 0 or 1 (occupied)."""
    is_state = spec.get("unit") == "1" and (spec.get("min"), spec.get("max")) == (0, 1)
    return bool(spec.get("detect", not is_state))


def _bound(given: float | None, default: float) -> float:
    return default if given is None else float(given)
