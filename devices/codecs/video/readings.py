"""What the analysis of video measures at lines, gauges and zones becomes readings. Pure.

The name of a metric is that of the place and what is measured there (`pier/level`); the second tells the unit.
"""

from collections.abc import Mapping

from devices.codecs.code_table import shipped
from devices.codecs.decoded import Decoded, Units
from devices.codecs.jsontext import quoted
from devices.codecs.metric import Verdict, bad_name, judge, number
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence


def add_readings(told: object, at: Micros, decoded: Decoded) -> None:
    """Readings of one time: {"pier/level": 1.25}. DecodeError when there are none."""
    if not isinstance(told, dict) or not told:
        raise DecodeError("no_values", Sentence("refusal.video.values", value=quoted(told)), "/values")
    known = shipped(__package__).metrics
    decoded.units = Units()
    for name, value in told.items():
        try:
            _add(name, value, at, decoded, known={code: each.unit for code, each in known.items()})
        except DecodeError as error:
            error.at = "/values/" + name.replace("~", "~0").replace("/", "~1")
            decoded.leave_out(error)


def _add(name: str, value: object, at: Micros, decoded: Decoded, known: Mapping[str, str | None]) -> None:
    if judge(name) is Verdict.PRIVATE:
        decoded.private += 1
        return
    if judge(name) is not Verdict.GOOD:
        raise bad_name(name)
    read = number(name, value)
    decoded.metrics.append(name)
    decoded.ts.append(at)
    decoded.values.append(read)
    unit = known.get(name.rpartition("/")[2])
    if unit is not None and decoded.units is not None:
        decoded.units[name] = unit
