"""`hub check` for rules in force: for no device, grave without saying what is to be done, or decided by values of other
devices that count some seconds after they came."""

from app.check.finding import Finding
from devices.expressions.program import WAIT_S, program_of
from hub.alerts.guidance import is_grave, lacking
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

LOOKED_S = 5
"""Within so many seconds values of other devices count (docs/EXPRESSIONS.md)."""
NAMED = 10
"""Of many, so many are named."""


async def check_rules(settings: Settings) -> list[Finding]:
    """Warnings that name them; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.enabled)).fetchall()
                empty = [code for (code,) in await (await conn.execute(SQL.without_devices)).fetchall()]
                waiting = await (await conn.execute(SQL.expressions)).fetchall()
                expressed = await (await conn.execute(SQL.expressions_without_hold, {"held": LOOKED_S})).fetchall()
    except HubError:
        return []
    silent = [
        code
        for code, thresholds, level, guidance, kind, metric, category in found
        if is_grave(thresholds, level) and lacking(guidance, kind, metric, category)
    ]
    findings = []
    if silent:
        named = _named(silent)
        what = f"orange and red alerts do not say what is to be done, of {named}; once out of force they stay so"
        way = "hub rules put CODE --cause --consequence --action --contacts --respond-s"
        findings.append(Finding("warn", f"rules: {what}", way))
    if empty:
        what = f"no device is where these are limited to: {_named(empty)}"
        findings.append(Finding("warn", f"rules: {what}", "hub rules show CODE; hub rules put CODE --everywhere"))
    delayed = [
        code
        for code, expression, category, alone in waiting
        if set(program_of(expression).waiting_dangers(category)) - set(alone)
    ]
    if delayed:
        what = f"a danger waits for other metrics of its device, for up to {WAIT_S} s, in {_named(delayed)}"
        way = "hub rules put OTHER --profile PROFILE --metric METRIC: its own rule waits for nothing; hub rules check"
        findings.append(Finding("warn", f"rules: {what}", way))
    chance = [code for code, expression in expressed if program_of(expression).asks_others]
    if chance:
        what = f"whether values of other devices come just before or after decides by chance, of {_named(chance)}"
        findings.append(
            Finding("warn", f"rules: {what}", "hub rules put CODE --hold-s 5; docs/EXPRESSIONS.md#other-devices")
        )
    return findings


def _named(codes: list[str]) -> str:
    return ", ".join(codes[:NAMED]) + (f" and {len(codes) - NAMED} others" if len(codes) > NAMED else "")
