"""Names what a message tells by codes that the table of its protocol does not know, by tables of operators. Pure.

Without a name a reading keeps the one that was derived from its code, and an event stays `other` with the code: nothing
is lost, and what is not known is told.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from devices.codecs.code_table import CodeTable, Meant, What
from devices.codecs.decoded import Coded, Decoded, EventDraft, Units
from devices.vocabulary import OTHER


class Unknown(NamedTuple):
    """A code that no table knows."""

    protocol: str
    what: What
    code: str
    example: str
    """The value or text that came with it."""


LONGEST_CODE, LONGEST_EXAMPLE = 64, 100


def name_codes(decoded: Decoded, tables: Sequence[CodeTable], known: Container[str] = ()) -> list[Unknown]:
    """Give names to the readings and events of a message that have codes, the first table first; returns the rest.

    Numbers in quotes are taken first where their name is a metric that is `known`, or a code of a table.
    """
    codes = decoded.codes
    if codes is None:
        return []
    take_in_quotes(decoded, tables, known)
    unknown = dict[tuple[What, str], str]()
    _name_events(decoded, tables, unknown)
    gone = [row for row, metric in enumerate(decoded.metrics) if (coded := codes.metrics.get(metric)) is not None
            and not _name_reading(decoded, row, coded, tables, unknown)]  # fmt: skip
    if gone:
        _leave_out(decoded, frozenset(gone))
    return [
        Unknown(codes.protocol, what, code[:LONGEST_CODE], example[:LONGEST_EXAMPLE])
        for (what, code), example in unknown.items()
    ]


def take_in_quotes(decoded: Decoded, tables: Iterable[CodeTable], known: Container[str]) -> None:
    """Take numbers that stand in quotes whose metric is `known`, or whose code a table knows; others are texts."""
    if decoded.codes is None or not decoded.codes.in_quotes:
        return
    taken = set[str]()
    for metric, ts, value in decoded.codes.in_quotes:
        if metric not in known and all(metric not in each.metrics and metric not in each.valued for each in tables):
            continue
        taken.add(metric)
        decoded.metrics.append(metric)
        decoded.ts.append(ts)
        decoded.values.append(value)
        decoded.codes.metrics[metric] = Coded(metric)
        if decoded.quality is not None:
            decoded.quality.append(0)
    decoded.codes.in_quotes = []
    decoded.unused = tuple(name for name in decoded.unused if name not in taken)


def _name_events(decoded: Decoded, tables: Iterable[CodeTable], unknown: dict[tuple[What, str], str]) -> None:
    if decoded.codes is None or not decoded.codes.states:
        return
    events = list[EventDraft]()
    for place, draft in enumerate(decoded.events):
        code = decoded.codes.states.get(place)
        meant = None if code is None else next((each.states[code] for each in tables if code in each.states), None)
        if meant is not None:
            events += _events(draft, meant)
            continue
        if code is not None:
            unknown["state", code] = str(draft.attributes.get("text", ""))
        events.append(draft)
    decoded.events = events


def _events(draft: EventDraft, meant: Meant) -> list[EventDraft]:
    attributes = {**draft.attributes, **({"code": meant.code} if meant.code else {})}
    kept = EventDraft(meant.kind, draft.ts, draft.source_id, meant.state or draft.state, draft.level, attributes,
                      part=draft.part, continues=draft.continues)  # fmt: skip
    ends = (
        EventDraft(kind, draft.ts, None, "inactive", None, dict(attributes), part=draft.part) for kind in meant.ends
    )
    return [kept, *ends]


def _name_reading(
    decoded: Decoded, row: int, coded: Coded, tables: Iterable[CodeTable], unknown: dict[tuple[What, str], str]
) -> bool:
    """Name one; False where it is a state, and becomes an event."""
    value = decoded.values[row]
    for table in tables:
        if (measured := table.metrics.get(coded.code)) is not None:
            metric = decoded.metrics[row] = measured.metric + coded.tail
            decoded.values[row] = value / measured.divisor
            if measured.unit is not None:
                decoded.units = Units() if decoded.units is None else decoded.units
                decoded.units.setdefault(metric, measured.unit)
            return True
        if coded.code in table.valued:
            code = f"{coded.code}={value:g}"
            draft = EventDraft(OTHER, decoded.ts[row], attributes={"code": code})
            if (meant := table.states.get(code)) is not None:
                decoded.events += _events(draft, meant)
            else:
                decoded.events.append(draft)
                unknown["state", code] = f"{value:g}"
            return False
    unknown["metric", coded.code] = f"{value:g}"
    return True


def _leave_out(decoded: Decoded, gone: frozenset[int]) -> None:
    rows = [row for row in range(len(decoded.metrics)) if row not in gone]
    decoded.keep(rows)
