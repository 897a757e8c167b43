"""`hub check` for rules in force: for no device, grave without saying what is to be done, or calculated from values
that may be of different times."""

from app.check.finding import Finding
from devices.expressions.program import program_of
from hub.alerts.guidance import is_grave, lacking
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

NAMED = 10
"""Of many, so many are named."""


async def check_rules(settings: Settings) -> list[Finding]:
    """Warnings that name them; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.enabled)).fetchall()
                empty = [code for (code,) in await (await conn.execute(SQL.without_devices)).fetchall()]
                expressed = await (await conn.execute(SQL.expressions_out_of_order)).fetchall()
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
    apart = {code: seconds for code, expression, seconds in expressed if _own_metrics(expression) > 1}
    if apart:
        what = f"values that are up to {max(apart.values()):g} s apart may be calculated together by {_named([*apart])}"
        way = f"hub rules put CODE --hold-s {max(apart.values()):g}; docs/ALERTS.md#readings-that-come-out-of-order"
        findings.append(Finding("warn", f"rules: {what}", way))
    return findings


def _own_metrics(expression: str) -> int:
    """How many metrics of the device itself an expression names."""
    return sum(each.scope == "device" for each in program_of(expression).inputs)


def _named(codes: list[str]) -> str:
    return ", ".join(codes[:NAMED]) + (f" and {len(codes) - NAMED} others" if len(codes) > NAMED else "")
