"""Tries a fusion rule on stored alerts, by the same code that decides what is raised."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from analytics.fusion.finding import Finding, stored_finding
from analytics.fusion.fusion import Fused, Fusion
from analytics.fusion.rules import FusionRule, stored_rule
from devices.places.grid import distance
from hub.alerts.fusion_trial import FusionTried, WouldFuse
from hub.alerts.trial import Connect, TrialsBusyError
from hub.models import from_micros
from hub.store.statements import statements

SQL = statements(__name__)

MOST = 50_000
"""Alerts that one trial looks at: about two seconds of a core."""
PASS = 500
DAY_US = 86_400_000_000
WAITING = 2
"""Trials that wait for the one that runs; more are refused."""


class FusionHistory:
    """See FusionTrial; one trial at a time in this process."""

    def __init__(self) -> None:
        self._turn, self._waiting = asyncio.Lock(), 0

    async def __call__(
        self, connect: Connect, rule: Mapping[str, Any], since: datetime, until: datetime
    ) -> FusionTried:
        """See FusionTrial."""
        if self._waiting > WAITING:
            raise TrialsBusyError
        self._waiting += 1
        try:
            async with self._turn:
                return await _tried(connect, stored_rule(rule), since, until)
        finally:
            self._waiting -= 1


async def _tried(connect: Connect, rule: FusionRule, since: datetime, until: datetime) -> FusionTried:
    asked = {"kinds": sorted(rule.kinds), "metrics": sorted(rule.metrics), "since": since, "until": until}
    async with connect() as conn:
        rows = await (await conn.execute(SQL.findings, {**asked, "limit": MOST + 1})).fetchall()
        findings = [stored_finding(row) for row in rows[:MOST]]
        hubs = list({each.hub for each in findings if each.hub is not None}) if rule.share else []
        sizes: dict[int, int] = dict(await (await conn.execute(SQL.sizes, {"hubs": hubs})).fetchall()) if hubs else {}
    tried = await asyncio.to_thread(would_fuse, rule, findings, sizes)
    tried.complete = len(rows) <= MOST
    return tried


def would_fuse(rule: FusionRule, findings: Sequence[Finding], sizes: Mapping[int, int]) -> FusionTried:
    """What a rule would have made of findings, in their order of arrival; of one about lone ones, who was alone."""
    fusion = Fusion([rule] if rule.fuses else [_pairs(rule)])
    fused: dict[UUID, Fused] = {}
    raised: dict[UUID, int] = {}
    for begin in range(0, len(findings), PASS):
        some = findings[begin : begin + PASS]
        fusion.forget(min(each.at for each in some) - DAY_US)
        for each in fusion.take(some, sizes):
            before = [fused.pop(gone) for gone in (*each.absorbed, each.incident) if gone in fused]
            known = {one.alert: one for one in (*(one for old in before for one in old.members), *each.members)}
            each.members = sorted(known.values(), key=lambda one: (one.at, one.alert))
            fused[each.incident] = each
            if each.raised_to is not None:
                raised[each.incident] = each.raised_to
    taking = sum(rule.takes(each) for each in findings)
    alone = taking - sum(len(each.members) for each in fused.values())
    if not rule.fuses:
        return FusionTried([], taking, alone)
    found = [_told(each, raised.get(id_)) for id_, each in fused.items()]
    return FusionTried(sorted(found, key=lambda each: each.began_at), taking, alone)


def _pairs(rule: FusionRule) -> FusionRule:
    """Of a rule about lone findings the one by which two of them are not alone."""
    return FusionRule(
        rule.code, rule.kinds, rule.metrics, frozenset(), rule.link, rule.radius_m, rule.within, 2, 0, None, 2, None
    )


def _told(fused: Fused, raised_to: int | None) -> WouldFuse:
    lead, members = fused.lead, fused.members
    placed = [each for each in members if each.placed]
    metres = None
    if lead.placed:
        lons, lats = (np.array([getattr(each, name) for each in placed]) for name in ("lon", "lat"))
        away = distance(lead.lon, lead.lat, lons, lats)
        metres = round(float(away.max()), 1)
    return WouldFuse(
        lead.alert, [each.alert for each in members], len({each.source for each in members}),
        from_micros(members[0].at), from_micros(members[-1].at), metres, raised_to,
    )  # fmt: skip
