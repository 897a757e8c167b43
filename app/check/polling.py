"""`hub check` for lines and slaves that are polled: who does not answer, answers wrongly, or refuses registers."""

from collections.abc import Mapping
from typing import Any

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

_LINE = (
    "look at the wiring (A and B swapped?), at baud rate and parity of DTU and slaves, at their addresses and power; "
    "hub frame capture shows what the DTU sends"
)
_SLAVE: Mapping[str, str] = {
    "silent": "its address, its power, its wires; the other slaves of the line answer",
    "checksum": "two slaves with one address answer at once, or the line is disturbed: shield, termination of 120 ohm",
    "slave": "another slave answers than the one that was asked: two DTUs on one line, or a wrong protocol",
    "function": "the function in the profile's map: the slave answers to another one",
    "length": "the map: the slave gives another number of registers than was asked for",
    "cut": "a longer timeout_s in the profile, or the frame interval (packing time) of the DTU: answers come in pieces",
    "noise": "the protocol in the profile: modbus-rtu, modbus-tcp or cjt188; and the baud rate",
}
_CHECKSUM_SHARE = 0.02


async def check_polling(settings: Settings) -> list[Finding]:
    """What lines and slaves do; nothing where none was ever polled."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                counts = await (await conn.execute(SQL.counts)).fetchone()
                lines = await (await conn.execute(SQL.silent_lines)).fetchall()
                slaves = await (await conn.execute(SQL.silent_slaves)).fetchall()
                wrong = await (await conn.execute(SQL.wrong_checksums, {"share": _CHECKSUM_SHARE})).fetchall()
                refused = await (await conn.execute(SQL.exceptions)).fetchall()
                lost = await (await conn.execute(SQL.unaddressed)).fetchall()
    except HubError:  # told by the findings about the database
        return []
    findings = [_counted(counts)] if counts and counts[0] else []
    for code, slaves_of, asked in lines:
        what = f"line {code}: it is connected, and none of its {slaves_of} slaves answers ({asked:,} requests)"
        findings.append(Finding("warn", what, _LINE))
    for code, line, address, complaint, since in slaves:
        what = f"slave {address} of line {line} ({code}) does not answer since {since:%Y-%m-%d %H:%M} UTC: {complaint}"
        findings.append(Finding("warn", what, f"look at {_SLAVE.get(complaint, _SLAVE['silent'])}"))
    for code, line, share in wrong:
        what = f"slave {code} of line {line}: {100 * share:.0f} % of its answers have a wrong checksum"
        findings.append(
            Finding("warn", what, "look at shield, earth and termination (120 ohm) of the line, and its length")
        )
    for code, line, exception, registers in refused:
        what = f"slave {code} of line {line} refuses registers {registers} with exception {exception}"
        findings.append(
            Finding("warn", what, "compare the map in its profile with the manual: function, address, addressing")
        )
    for code, profile in lost:
        what = f"device {code} has the map of profile {profile}, and no address on a line"
        advice = f"hub devices addresses add {code} modbus DTU/1, or let it hang on its DTU alone"
        findings.append(Finding("warn", what, advice))
    return findings


def _counted(row: Any) -> Finding:
    lines, slaves, asked, answered = row
    share = f", {100 * answered / asked:.1f} % of {asked:,} requests answered" if asked else ""
    return Finding("ok", f"polling: {lines} lines connected, {slaves} slaves{share}")
