"""What the import of a table of cases did, or would do, in lines."""

from collections.abc import Iterator, Mapping
from typing import Any

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


def import_lines(made: Mapping[str, Any]) -> Iterator[str]:
    """Of an answer of POST /case-tables/{kind}."""
    changes = made["changes"]
    for each in changes["shown"]:
        yield f"{_SIGNS[each['change']]} {_of(each)}: {_what(each)}"
    if (more := sum(changes[how] for how in _SIGNS) - len(changes["shown"])) > 0:
        yield f"  and {more} more"
    yield ", ".join([*(f"{changes[how]} {how}" for how in _SIGNS), f"{changes['same']} the same"])
    if (before := made["in_force"]) and before["hours"] != made["hours"]:
        yield f"working hours: {_hours(before['hours'])} -> {_hours(made['hours'])}"
    if before and before["zone"] != made["zone"]:
        yield f"time zone: {before['zone']} -> {made['zone']}"
    if made["dry_run"]:
        yield f"It was a dry run, nothing was stored. Next: {made['kind']} {made['version']}, {made['rows']} rows."
        yield f"To import it only if nothing else is in force by then: --in-force {before['version'] if before else 0}"
    else:
        yield f"{made['kind']} {made['version']}: {made['rows']} rows are in force."


def _of(change: Mapping[str, Any]) -> str:
    told = [change[name] for name in ("category_kind", "category", "level", "stage")]
    return " ".join(each for each in told if each is not None)


def _what(change: Mapping[str, Any]) -> str:
    return " -> ".join(_terms(each) for each in (change["before"], change["after"]) if each is not None)


def _terms(terms: Mapping[str, Any]) -> str:
    if terms["seconds"] is None:
        return f"{terms['name']} (below {terms['parent']})" if terms["parent"] else str(terms["name"])
    return f"{terms['seconds'] / 3600:g} h of {'working time' if terms['working'] else 'all hours'}"


def _hours(spans: list[list[int]]) -> str:
    return ",".join("-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span) for span in spans)
