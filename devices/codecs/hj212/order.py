"""What a station of HJ 212 is asked (反控), and what its answers to that mean: 9011, then 9012. Pure.

HJ 212-2017, 6.6.5 (commands), tables 9 and 10 (results).
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from devices.codecs.hj212.frame import Message, written
from devices.codecs.hj212.writing import REPLY_WANTED, data_time
from hub.models import Micros, to_micros

SET_CLOCK, SET_INTERVAL, QUERY = "set_clock", "set_interval", "query"
NAMES = (SET_CLOCK, SET_INTERVAL, QUERY)
_CLOCK, _INTERVAL = "1012", "1062"
_HISTORY = {"minute": "2051", "hour": "2061", "day": "2031"}
_REALTIME = "2011"
_LEAST_S, _MOST_S = 30, 3_600
_ANSWERED, _EXECUTED = "9011", "9012"
_GOOD = 1
_VERSION = ~3
_ST_OF_ANSWERS = "91"
_QN_RETURNS = {
    2: "the request is refused", 3: "wrong password (PW)", 4: "wrong MN", 5: "wrong ST", 6: "wrong Flag",
    7: "wrong QN", 8: "wrong CN", 9: "wrong checksum", 100: "unknown fault",
}  # fmt: skip
_EXE_RETURNS = {
    2: "failed, the reason is unknown", 3: "failed: the conditions of the command are wrong",
    4: "failed: communication timed out",
    5: "failed: the system is busy", 6: "failed: a fault of the system", 100: "there is no data",
}  # fmt: skip


class Called(NamedTuple):
    """How a station wants to be called: by its number, its system and the edition that it follows."""

    mn: str
    pw: str
    system: str
    """ST."""
    flag: int


def style(fields: Mapping[str, str]) -> str:
    """System and edition of a station, by a frame of it; empty where the frame does not tell."""
    system, flag = fields.get("ST", ""), fields.get("Flag", "0")
    if not system.isalnum() or system == _ST_OF_ANSWERS or not (flag.isdigit() and flag.isascii() and len(flag) <= 3):
        return ""
    return f"{system}/{int(flag) & _VERSION}"


def request(called: Called, qn: str, name: str, params: Mapping[str, Any], at: tuple[Micros, tzinfo]) -> bytes:
    """The frame of a command; `at` is the time and the zone of the station. ValueError says what is wrong with it."""
    if name == SET_CLOCK:
        command, data = _CLOCK, f"SystemTime={data_time(*at)}"
    elif name == SET_INTERVAL:
        command, data = _INTERVAL, f"RtdInterval={_seconds(params)}"
    elif name == QUERY:
        command, data = _asked(params, at[1])
    else:
        raise ValueError(f"HJ 212 has no {name!r}: stations can be told {', '.join(NAMES)}")
    head = f"QN={qn};ST={called.system};CN={command};PW={called.pw};MN={called.mn};Flag={called.flag | REPLY_WANTED}"
    return written(f"{head};CP=&&{data}&&".encode("latin-1"))


def ends_when_accepted(name: str, params: Mapping[str, Any]) -> bool:
    """Whether nothing follows but readings: no result (9012) of a query of the moment is told."""
    return name == QUERY and params.get("data", "realtime") == "realtime"


def outcome(message: Message) -> dict[str, Any] | None:
    """What an answer says: {"result": JSON}, {"error": text}; None: accepted, and the result is to follow."""
    accepted = message.fields.get("CN") == _ANSWERED
    name, told = ("QnRtn", _QN_RETURNS) if accepted else ("ExeRtn", _EXE_RETURNS)
    returned = _returned(message.data, name)
    if returned == _GOOD:
        return None if accepted else {"result": {"ExeRtn": _GOOD}}
    step = "refused" if accepted else "not executed"
    if returned is None:
        return {"error": f"{step}: the answer has no {name}"}
    return {"error": f"{step}: {name}={returned}, {told.get(returned, 'a code that the standard does not have')}"}


def _returned(data: bytes, name: str) -> int | None:
    for part in data.decode("latin-1").replace(",", ";").split(";"):
        key, _, value = part.partition("=")
        if key.strip() == name and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) <= 4:
            return int(value)
    return None


def _seconds(params: Mapping[str, Any]) -> int:
    seconds = params.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not _LEAST_S <= seconds <= _MOST_S:
        raise ValueError(f"seconds is a whole number from {_LEAST_S} to {_MOST_S:,}")
    return seconds


def _asked(params: Mapping[str, Any], zone: tzinfo) -> tuple[str, str]:
    kind = params.get("data", "realtime")
    if kind == "realtime":
        return _REALTIME, ""
    if kind not in _HISTORY:
        raise ValueError(f"data is realtime, {', '.join(_HISTORY)}")
    begin, end = _moment(params, "begin"), _moment(params, "end")
    if begin >= end:
        raise ValueError("begin is before end")
    return _HISTORY[kind], f"BeginTime={data_time(begin, zone)},EndTime={data_time(end, zone)}"


def _moment(params: Mapping[str, Any], name: str) -> Micros:
    wrong = ValueError(f"{name} is a time with its zone, such as 2026-07-01T08:00:00+08:00")
    try:
        found = datetime.fromisoformat(params[name])
    except (KeyError, TypeError, ValueError):
        raise wrong from None
    if found.tzinfo is None:
        raise wrong
    return to_micros(found)
