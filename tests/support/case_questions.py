"""What desks and departments ask of years of cases: figures and lists, by callers who see all, one county, or bits."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple, get_args
from uuid import UUID, uuid4

from starlette.requests import HTTPConnection

from api.cursors import encode
from hub.access.caller import Caller, principal
from hub.access.grants import granted
from hub.access.permissions import EVERYTHING
from hub.access.roles import Role
from hub.cases.indicators import COUNTS
from hub.cases.which import By
from tests.support.district_year import CHINA

CALLERS = {
    "all": Caller("person", "all", EVERYTHING),
    "county": principal(uuid4(), "person", "county", (granted(Role.VIEWER, region="330104"),)),
    "organisation": principal(uuid4(), "person", "organisation", (granted(Role.VIEWER, organisation="parks-3"),)),
    "several": principal(
        uuid4(),
        "person",
        "several",
        (
            granted(Role.VIEWER, region="330101"),
            granted(Role.VIEWER, region="330102003"),
            granted(Role.VIEWER, organisation="water-7"),
            granted(Role.VIEWER, area="zone"),
        ),
    ),
}
"""By what the header `caller` says."""


class Question(NamedTuple):
    """A request."""

    name: str
    path: str
    params: dict[str, str]


class NamedDoor:
    """Lets in whom a header names."""

    async def caller(self, connection: HTTPConnection) -> Caller:
        """One of CALLERS."""
        return CALLERS[connection.headers.get("caller", "all")]


def figures(chance: random.Random, first: date, last: date) -> Iterator[Question]:
    """A question of each kind about figures of some days."""
    for span, (begin, end) in _spans(chance, first, last).items():
        days = {"from": str(begin), "to": str(end)}
        for name, only in _filters(chance).items():
            yield Question(f"{span}, {name}", "/indicators/cases", {**days, **only})
        for by in get_args(By)[1:]:
            yield Question(f"{span}, by {by}", "/indicators/cases", {**days, "by": by})


def stages(chance: random.Random, first: date, last: date) -> Iterator[Question]:
    """Times of stages."""
    for span, (begin, end) in _spans(chance, first, last).items():
        yield Question(f"stages, {span}", "/indicators/cases/stages", {"from": str(begin), "to": str(end)})


def lists(chance: random.Random, first: date, last: date) -> Iterator[Question]:
    """Lists of cases with each filter, from the top and from deep within, and of what there is none of."""
    at = datetime.combine(first + (last - first) / 2, datetime.min.time(), CHINA)
    deep = {"cursor": encode([at, UUID(int=chance.getrandbits(128))])}
    filters = _filters(chance) | _states(chance)
    for name, only in filters.items():
        yield Question(f"list, {name}", "/cases", only)
        yield Question(f"list, {name}, deep", "/cases", {**only, **deep})
    for name, nothing in {
        "unknown organisation": {"organisation": "nobody"},
        "no category": {"category_kind": "part", "category": "99"},
        "elsewhere": {"region": "4401"},
        "another's county": {"region": "330110", "responsible": "clean"},
        "no supervised of a village": {"region": "330109001001", "supervised": "true", "level": "red"},
        "no alert": {"source": "alert"},
        "no number": {"number": "20200101-1"},
        "merged, open": {"stage": "merged", "open": "true"},
    }.items():
        yield Question(f"list, {name}", "/cases", nothing)
    for what in COUNTS:
        for name, only in {"all": {}, **dict([chance.choice(list(_filters(chance).items()))])}.items():
            days = {"from": str(first), "to": str(last), "count": what}
            more = deep if chance.random() < 0.5 else {}
            yield Question(f"behind {what}, {name}", "/indicators/cases/list", {**days, **only, **more})
    yield Question(
        "behind merged, none", "/indicators/cases/list",
        {"from": str(first), "to": str(last), "count": "merged", "organisation": "clean", "level": "red"},
    )  # fmt: skip


def _spans(chance: random.Random, first: date, last: date) -> dict[str, tuple[date, date]]:
    month = (first + timedelta(days=chance.randrange((last - first).days))).replace(day=1)
    somewhere = first + timedelta(days=chance.randrange((last - first).days // 2))
    return {
        "month": (month, month + timedelta(days=27)),
        "quarter": (month.replace(month=1), month.replace(month=3, day=31)),
        "year": (date(last.year - 1, 1, 1), date(last.year - 1, 12, 31)),
        "three years": (first, last),
        "any days": (somewhere, somewhere + timedelta(days=chance.randrange(300))),
    }


def _filters(chance: random.Random) -> dict[str, dict[str, str]]:
    county = f"3301{chance.randrange(1, 11):02}"
    town = f"{county}{chance.randrange(1, 11):03}"
    office = f"{chance.choice(['clean', 'parks', 'water', 'roads'])}-{chance.randrange(1, 16)}"
    main = {"category_kind": chance.choice(["part", "event"]), "category": f"{chance.randrange(1, 10):02}"}
    return {
        "all": {}, "county": {"region": county}, "town": {"region": town}, "village": {"region": f"{town}001"},
        "area": {"area": chance.choice(["lake", "zone", "river"])},
        "organisation": {"organisation": f"{chance.choice(['clean', 'parks'])}-{chance.randrange(1, 16)}"},
        "responsible": {"responsible": office}, "kind": {"category_kind": main["category_kind"]}, "category": main,
        "one category": main | {"category": f"{main['category']}01"},
        "level": {"level": chance.choice(["blue", "yellow", "orange", "red"])},
        "county, category": {"region": county, **main}, "county, level": {"region": county, "level": "red"},
        "responsible, level": {"responsible": office, "level": "yellow"},
    }  # fmt: skip


def _states(chance: random.Random) -> dict[str, dict[str, str]]:
    stages = ("reported", "dispatched", "handling", "verifying", "closed", "rejected", "merged")
    return {
        "open": {"open": "true"}, "overdue": {"overdue": "true"}, "suspended": {"suspended": "true"},
        "supervised": {"supervised": "true"}, "asked": {"asked": "extension"}, "source": {"source": "entered"},
        **{f"stage {stage}": {"stage": stage} for stage in stages},
        "open of a county": {"open": "true", "region": f"3301{chance.randrange(1, 11):02}"},
    }  # fmt: skip
