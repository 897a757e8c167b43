"""What a report tells of the load of alerts, as far as the caller may see alerts, which may be elsewhere than cases."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from api.context import Context
from api.database import rows
from api.monthly.figures import SQL, Names, named
from api.monthly.moment import Moment
from hub.access.caller import Caller
from hub.access.permissions import Permission
from hub.alerts.performance import Performance, Which, performance, windows
from hub.cases.indicators import Period
from hub.words import Lang


@dataclass(slots=True, frozen=True)
class Load:
    """How alerts loaded those who answer them."""

    start: datetime
    end: datetime
    told: Performance
    rules: Names
    models: Names
    causes: Mapping[str, Mapping[Lang, str]]


async def alert_load(context: Context, at: Moment, caller: Caller, period: Period, which: Which) -> Load | None:
    """Read it; None: the caller may see no alerts."""
    if Permission.ALERTS_READ not in caller.permissions:
        return None
    seen = replace(context, scope=caller.within(frozenset({Permission.ALERTS_READ})).scope)
    start, end = windows(period.values["from"], min(period.values["to"], period.now))
    async with at.seen_by(seen) as conn:
        told = await performance(conn, start, end, which)
        listed = [*told.found["top"], *told.found["chatterers"]]
        rules = await named(conn, SQL.rules, (each["rule"] for each in listed))
        models = await named(conn, SQL.models, (each["model"] for each in told.found["false_by_model"]))
        causes = {each["key"]: _names(each) for each in await rows(conn, SQL.causes)}
    return Load(start, end, told, rules, models, causes)


def _names(cause: Mapping[str, str]) -> dict[Lang, str]:
    return {"en": cause["en"], "zh": cause["zh"]}
