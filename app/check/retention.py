"""`hub check` for how long data is kept, and for services outside the country that it may go to."""

import re
from collections import defaultdict
from operator import attrgetter

from app.check.finding import Finding
from hub.access.inventory import TABLES
from hub.settings import Settings

_SETTING = re.compile(r"\b[a-z_]+\.[a-z_]+\b")


def limits(kept: str) -> tuple[str, ...]:
    """The settings that an inventory's `kept` names, as they are written with a dot."""
    return tuple(_SETTING.findall(kept))


def check_retention(settings: Settings) -> list[Finding]:
    """A line for each setting that limits tables, for the tables that need none, and for each service outside."""
    limited = defaultdict(list)
    for name, table in sorted(TABLES.items()):
        limited[limits(table.kept)].append(name)
    bounded = len(limited.pop(()))
    findings = []
    for names, tables in sorted(limited.items()):
        told = [_told(name, attrgetter(name)(settings)) for name in names]
        findings.append(Finding("ok", f"retention: {' and '.join(told)}: {', '.join(tables)}"))
    findings.append(Finding("ok", f"retention: {bounded} more tables are bounded by what they are about"))
    findings += [
        Finding("ok", f"outgoing: {each.host}, outside the country, may be called: {each.reason}")
        for each in settings.outgoing.outside
    ]
    return findings


def _told(name: str, value: int | None) -> str:
    if value is None:
        return f"for ever ({name} is not set)"
    return f"{value:,} {'days' if name.endswith('days') else 'rows'} ({name})"
