"""What people, rules, clocks and outside systems do with cases."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from hub.cases.transitions import HANDLE

Source = Literal["entered", "alert", "rule", "outside"]


@dataclass(slots=True, frozen=True)
class Report:
    """A case that is reported (上报)."""

    id: UUID
    """Of this step: sent again with the same, it changes nothing."""
    case_id: UUID
    at: datetime
    actor: str
    title: str
    source: Source
    region: str | None
    organisation: str | None
    permission: str = HANDLE
    principal: UUID | None = None
    by_organisation: str | None = None
    note: str | None = None
    category_kind: str | None = None
    category: str | None = None
    category_version: int | None = None
    component: str | None = None
    level: int | None = None
    lon: float | None = None
    lat: float | None = None
    alert_id: UUID | None = None
    kind: Literal["reported"] = "reported"


@dataclass(slots=True, frozen=True)
class Step:
    """A step of a case (hub/cases/transitions.py)."""

    id: UUID
    """Taken again with the same, it changes nothing."""
    case_id: UUID
    kind: str
    at: datetime
    actor: str
    """Who takes it, as the audit names them."""
    permission: str = HANDLE
    principal: UUID | None = None
    by_organisation: str | None = None
    """Code of the organisation that they belong to."""
    note: str | None = None
    seen: int | None = None
    """The `seq` that the case had when this was decided; it is refused as stale when there were steps since."""
    responsible: str | None = None
    """Of dispatched: the organisation that is to handle it (主办)."""
    assisting: tuple[str, ...] = ()
    """Of dispatched: those that help (协办)."""
    into: UUID | None = None
    """Of merged."""
    hours: float | None = None
    """Of extension_asked."""
    until: datetime | None = None
    """Of a suspension: when it is looked at again; of supervised: by when an answer is due."""
    level: int | None = None
    """Of supervised, 1 to 4; of classified, of the case."""
    category_kind: str | None = None
    category: str | None = None
    category_version: int | None = None
    component: str | None = None
    """These four of classified."""
    clock: int | None = None
    """Of overdue: the visit of the clock that has run out."""
    alert_id: UUID | None = None
    """Of overdue: the alert that warns of it."""


Change = Report | Step
