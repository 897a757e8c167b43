"""A time under another name than `ts`: used where it is unmistakable, else refused with the right name. Pure."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import NamedTuple

from devices.codecs.clock import is_epoch, parse_time
from devices.codecs.jsontext import quoted
from devices.codecs.pointer import pointer
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_NAMES = """
ts time timestamp datetime dateandtime unixtime unixtimestamp epoch epochms epochtime epochmillis timems timestampms
tsms epochs epochseconds timestampsec timestampseconds timestampus timestampns tsus tsns
utc utctime localtime devicetime devicets sampletime samplingtime sampledat measuretime measuredat measurementtime
collecttime collectiontime collectedat acquisitiontime gathertime recordtime recordedat reporttime reportedat sendtime
sentat eventtime occurtime occurredat alarmtime datatime observedat observationtime phenomenontime resulttime
createtime createdat
时间 时间戳 采集时间 采样时间 监测时间 测量时间 上报时间 数据时间 发生时间 报警时间 告警时间
"""
_CERTAIN = frozenset(_NAMES.split())
_PERHAPS = frozenset({"t", "d", "dt", "tm", "date", "at", "日期"})
"""What may be a metric as well: only a value that is a time makes it one."""
_SPELLING = re.compile(r"[\s_.:/-]+")
_LONGEST, _DATE = 24, 10
"""Characters of a name, and of a date."""


class Told(NamedTuple):
    """A time, and the members that tell it."""

    ts: Micros
    names: tuple[str, ...]


def is_time_name(name: str) -> bool:
    """Whether a member of this name may be a time, however it is spelt: TS, Timestamp, sample_time, t."""
    plain = _plain(name)
    return plain in _CERTAIN or plain in _PERHAPS


def time_among(members: Mapping[str, object], zone: tzinfo, beside: bool = False) -> Told | None:
    """The time that members tell under another name than `ts`; None if none does.

    `beside`: they stand beside the values, so that none of them is a metric.
    Raises DecodeError, at the member: a time that cannot be read, or several that differ.
    """
    told: Told | None = None
    for name, value in members.items():
        if value is None or not is_time_name(name):
            continue
        ts = _time(name, value, zone, beside)
        if ts is None:
            continue
        if told is not None and told.ts != ts:
            sentence = Sentence("refusal.ts.several", one=quoted(told.names[0]), other=quoted(name))
            raise DecodeError("bad_time", sentence, pointer(name))
        told = Told(ts, (*(() if told is None else told.names), name))
    return told


def is_time(value: object, zone: tzinfo) -> bool:
    """Whether a value is a time, be it in another unit than milliseconds."""
    try:
        parse_time(value, zone)
    except DecodeError:
        return is_epoch(value)
    return True


def _time(name: str, value: object, zone: tzinfo, beside: bool) -> Micros | None:
    """The time, or None for what may be anything else."""
    if type(value) is str and len(value) <= _DATE and _plain(name) in _PERHAPS:
        return None  # a date alone is no time of a measurement
    try:
        return parse_time(value, zone)
    except DecodeError as error:
        meant = is_epoch(value) or (_plain(name) in _CERTAIN and (beside or type(value) is str))
        if not meant:
            return None
        sentence = Sentence("refusal.ts.named", name=quoted(name), detail=error.detail)
        raise DecodeError(error.reason, sentence, pointer(name)) from None


def _plain(name: str) -> str:
    return _SPELLING.sub("", name.lower()) if len(name) <= _LONGEST else ""
