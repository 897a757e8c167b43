"""Frames of telemetry JSON."""

from datetime import UTC

from devices.codecs.telemetry import decode
from tests.support.frames import RECEIVED, Bad, Frames, Good, at, json_flaws

T = at("2026-03-01T08:00:00Z")
MS = T // 1000
_MANY = b"{" + b",".join([b'"m%d": 1' % number for number in range(501)]) + b"}"
_APART = b"[" + b",".join([b'{"m%d": 1}' % number for number in range(501)]) + b"]"
_TOGETHER = b"[" + b",".join([b'{"a": 1, "b": 2}'] * 2_001) + b"]"

_NO_TIMES = (
    ((b"timestamp", b"1772352000"), "time_out_of_range", "looks like seconds; send milliseconds"),
    ((b"TS", b"1772352000.5"), "time_out_of_range", "seconds"),
    ((b"t", b"1772352000"), "time_out_of_range", "seconds"),
    ((b"timestamp_sec", b"1772352000"), "time_out_of_range", "looks like seconds"),
    ((b"ts_ns", b"1772352000000000000"), "time_out_of_range", "looks like nanoseconds"),
    ((b"time", b"86400"), "time_out_of_range", "'time' stands for ts"),
    ((b"dateTime", b'"noon"'), "bad_time", "'noon'"),
    ((b"Time", b"true"), "bad_time", "'Time' stands for ts"),
    ((b"utc", b"[1]"), "bad_time", "a list"),
    ((b"timestamp", b"NaN"), "bad_time", "NaN"),
)
_NO_NUMBERS = (
    *(b"nan", b"NAN", b"-nan", b"+nan", b"-NaN", b"nan(ind)", b"-nan(snan)", b"inf", b"-inf", b"+Inf", b"INFINITY"),
    *(b"-infinity", b"1.#QNAN", b"-1.#IND", b"1.#INF", b"-1.#INF00", b"NaN", b"-Infinity", b"1e999"),
)
_NAMED = (b"timestamp", b"TS", b"Time", b"dateTime", b"t", b"sample_time", "采集时间".encode())

GOOD = [
    # a time under another name, beside the values and among them
    *(Good(b'{"%b": %d, "values": {"a": 1}}' % (name, MS), [("a", T, 1)]) for name in _NAMED),
    *(Good(b'{"b": 2, "%b": "2026-03-01 16:00:00", "a": 1}' % name, [("b", T, 2), ("a", T, 1)]) for name in _NAMED),
    Good(b'[{"a": 1}, {"b": 2, "TS": "%d", "a": 3}]' % MS,
         [("a", RECEIVED, 1), ("b", T, 2), ("a", T, 3)], timeless=True),
    Good(b'{"values": {"b": 2, "timestamp": %d, "a": 1}}' % MS, [("b", T, 2), ("a", T, 1)]),
    Good(b'{"timestamp": %d, "time": "2026-03-01T08:00:00Z", "values": {"a": 1}}' % MS, [("a", T, 1)]),
    Good(b'{"ts": %d, "timestamp": 1772352000, "fw": "1.2", "t": null, "values": {"a": 1}}' % MS, [("a", T, 1)],
         unused=("timestamp", "fw", "t")),
    Good(b'{"ts": %d, "timestamp": 1772352000, "a": 1}' % MS, [("a", T, 1)], unused=("timestamp",)),
    Good(b'{"ts": null, "timestamp": %d, "values": {"a": 1}}' % MS, [("a", T, 1)]),
    # what is no time, and may be a metric
    Good(b'{"t": 21.5, "time": 35, "date": 7, "d": null}',
         [("t", RECEIVED, 21.5), ("time", RECEIVED, 35), ("date", RECEIVED, 7)],
         timeless=True),
    Good(b'{"t": 21.5, "faceId": 1, "values": {"a": 1}}', [("a", RECEIVED, 1)],
         timeless=True, unused=("t",), private=1),
    Good(b'{"date": "2026-03-01", "a": 1}', [("a", RECEIVED, 1)], timeless=True, faults=["value_not_a_number"]),
    # times in other forms
    Good(b'{"ts": %d.5, "values": {"a": 1}}' % MS, [("a", T + 500, 1)]),
    Good(b'{"ts": "%d", "values": {"a": 1}}' % MS, [("a", T, 1)]),
    Good(b'{"ts": 20260301160000, "values": {"a": 1}}', [("a", T, 1)]),
    Good(b'{"ts": "20260301160000123", "values": {"a": 1}}', [("a", T + 123_000, 1)]),
    Good(b'{"ts": "2026/3/1 16:00:00", "values": {"a": 1}}', [("a", T, 1)]),
    Good(b'{"ts": "2026-03-01T15:59:60+08:00", "values": {"a": 1}}', [("a", T, 1)]),
    Good(b'{"ts": "2026-02-28T24:00:00+08:00", "values": {"a": 1}}', [("a", T - 16 * 3_600_000_000, 1)]),
    # what is no number as devices write it leaves the others
    *(Good(b'{"a": %b, "b": 2, "c": %b}' % (word, word), [("b", RECEIVED, 2)], timeless=True,
           faults=["value_not_finite"] * 2) for word in _NO_NUMBERS),
    *(Good(b'[{"ts": %d, "values": {"a": %b, "nan": 1}}, {"b": 2}]' % (MS, word), [("nan", T, 1), ("b", RECEIVED, 2)],
           timeless=True) for word in (b"None", b"NULL", b"Null", b"nil", b"undefined", b"N/A")),
    Good(b'{"a": "NaN", "b": "", "c": "--", "d": 1}', [("d", RECEIVED, 1)], timeless=True,
         faults=["value_not_a_number"] * 3),
    # null was not measured
    Good(b'{"a": 1, "b": null}', [("a", RECEIVED, 1)], timeless=True),
    Good(b'{"pm25": null}', timeless=True),
    Good(b'[{"ts": %d, "values": {"a": null}}, {"ts": %d, "values": {"a": 2}}]' % (MS, MS), [("a", T, 2)]),
    Good(b'{"pm25": 35.2}', [("pm25", RECEIVED, 35.2)], timeless=True),
    Good(b'\xef\xbb\xbf{"pm25": 35.2}', [("pm25", RECEIVED, 35.2)], timeless=True),
    Good(b'{"ts": %d, "values": {"pm25": 35.2, "on": true, "n": 7}}' % MS,
         [("pm25", T, 35.2), ("on", T, 1), ("n", T, 7)]),
    Good(b'{"ts": %d, "pm25": 35.2}' % MS, [("pm25", T, 35.2)]),
    Good(b'{"ts": null, "values": {"a": 1}}', [("a", RECEIVED, 1)], timeless=True),
    Good(b'{"ts": %d.0, "values": {"a": 1}}' % MS, [("a", T, 1)]),
    Good(b'{"ts": "2026-03-01T08:00:00Z", "values": {"a": 1}}', [("a", T, 1)]),
    Good(b'{"ts": "2026-03-01T16:00:00.123456+08:00", "values": {"a": 1}}', [("a", T + 123_456, 1)]),
    Good(b'{"ts": "2026-03-01 16:00:00", "values": {"a": 1}}', [("a", T, 1)]),
    Good(b'{"ts": "2026-03-01T08:00:00", "values": {"a": 1}}', [("a", T, 1)], zone=UTC),
    Good(b'{"ts": 946684800000, "values": {"a": 1}}', [("a", at("2000-01-01T00:00:00Z"), 1)]),
    Good(b'[{"ts": %d, "values": {"a": 1}}, {"a": 2}]' % MS, [("a", T, 1), ("a", RECEIVED, 2)], timeless=True),
    Good(b'{"values": 3}', [("values", RECEIVED, 3)], timeless=True),
    Good(b'{"a": 1, "a": 2}', [("a", RECEIVED, 2)], timeless=True),
    Good(b'{"ts": %d, "values": {"a": -0.0, "b": 5e-324, "c": 1.7976931348623157e308}}' % MS,
         [("a", T, -0.0), ("b", T, 5e-324), ("c", T, 1.7976931348623157e308)]),
    # what is wrong in a part leaves the rest as it is
    Good(b'{"a": 1, "b": "35.2", "d": {}, "e": [1]}', [("a", RECEIVED, 1)], timeless=True,
         faults=["value_not_a_number"] * 3),
    Good(b'{"a": 1, "b": NaN, "c": -Infinity, "d": 1e999, "e": 2}', [("a", RECEIVED, 1), ("e", RECEIVED, 2)],
         timeless=True, faults=["value_not_finite"] * 3),
    Good(b'{"a": 1, "b": 1' + b"0" * 400 + b"}", [("a", RECEIVED, 1)], timeless=True, faults=["value_not_finite"]),
    Good(b'{"a": 1, "b": 1' + b"0" * 9000 + b"}", [("a", RECEIVED, 1)], timeless=True, faults=["value_not_finite"]),
    Good(b'{"a": 1, "": 2, "b c": 3, "\\u0000": 4, "\\ud800": 5, "' + b"x" * 65 + b'": 6, "\xe6\xb8\xa9": 7, "-a": 8}',
         [("a", RECEIVED, 1)], timeless=True, faults=["bad_metric_name"] * 7),
    Good(b'[{"a": 1}, 5, {"ts": 1, "a": 1}, {"ts": "x", "a": 1}, {}]', [("a", RECEIVED, 1)], timeless=True,
         faults=["not_an_object", "time_out_of_range", "bad_time", "no_values"]),
    Good(b'{"a": 1, ' + b",".join([b'"x%d": ""' % number for number in range(499)]) + b"}", [("a", RECEIVED, 1)],
         timeless=True, faults=["value_not_a_number"] * 16),
    # the privacy gate
    Good(b'{"temp": 1, "faceCount": 2, "license_plate": 3, "person_count": 4}',
         [("temp", RECEIVED, 1), ("person_count", RECEIVED, 4)], timeless=True, private=2),
    Good(b'{"face_id": 7}', timeless=True, private=1),
    Good(b'{"face_id": 7, "a": ""}', timeless=True, private=1, faults=["value_not_a_number"]),
]  # fmt: skip

BAD = [
    *json_flaws(),
    Bad(b"5", "not_an_object", "5"),
    Bad(b'"text"', "not_an_object"),
    Bad(b"null", "not_an_object"),
    Bad(b"NaN", "not_an_object", "NaN"),
    Bad(b"[5]", "not_an_object"),
    Bad(b"[]", "no_values"),
    Bad(b"{}", "no_values"),
    Bad(b'{"ts": %d}' % MS, "no_values"),
    Bad(b'{"values": {}}', "no_values"),
    Bad(b'{"values": [1]}', "no_values", "a list"),
    Bad(b'{"values": "x"}', "no_values", "'x'"),
    Bad(b'{"pm25": "35.2"}', "value_not_a_number", "without quotes"),
    Bad(b'{"t": "soon"}', "value_not_a_number", '"ts"'),
    Bad(b'{"pm25": NaN}', "value_not_finite", "'pm25' is NaN"),
    Bad(b'{"pm25": 1e999}', "value_not_finite", "1e999"),
    Bad(b'{"pm 25": 1}', "bad_metric_name", "'pm 25'"),
    Bad(b'{"ts": 1772352000, "values": {"a": 1}}', "time_out_of_range", "looks like seconds; send milliseconds"),
    Bad(b'{"ts": 1772352000000000, "values": {"a": 1}}', "time_out_of_range", "microseconds"),
    Bad(b'{"ts": 1772352000000000000, "values": {"a": 1}}', "time_out_of_range", "nanoseconds"),
    Bad(b'{"ts": 0, "values": {"a": 1}}', "time_out_of_range", "before 2000"),
    Bad(b'{"ts": 3600123, "values": {"a": 1}}', "time_out_of_range", "looks like an uptime"),
    Bad(b'{"ts": "1970-01-01T00:00:07Z", "values": {"a": 1}}', "time_out_of_range", "clock"),
    Bad(b'{"ts": "2101-01-01T00:00:00Z", "values": {"a": 1}}', "time_out_of_range", "after 2100"),
    Bad(b'{"ts": 1' + b"0" * 300 + b', "values": {"a": 1}}', "time_out_of_range"),
    Bad(b'{"ts": "0001-01-01T00:00:00+14:00", "values": {"a": 1}}', "time_out_of_range"),
    Bad(b'{"ts": 1772352000.25, "values": {"a": 1}}', "time_out_of_range", "looks like seconds; send milliseconds"),
    Bad(b'{"ts": "1772352000", "values": {"a": 1}}', "time_out_of_range", "looks like seconds; send milliseconds"),
    Bad(b'{"ts": "1772352000000000", "values": {"a": 1}}', "time_out_of_range", "microseconds"),
    Bad(b'{"ts": 20261328080000, "values": {"a": 1}}', "time_out_of_range", "20261328080000"),
    Bad(b'{"ts": "2026-03-01T25:00:00", "values": {"a": 1}}', "bad_time", "'2026-03-01T25:00:00'"),
    Bad(b'{"ts": "2026-03-01T12:30:60", "values": {"a": 1}}', "bad_time", "ISO 8601"),
    Bad(b'{"ts": "yesterday", "values": {"a": 1}}', "bad_time", "'yesterday'"),
    # a time under another name that cannot be used, or is not clear
    *(Bad(b'{"%b": %b, "values": {"a": 1}}' % each, reason, says) for each, reason, says in _NO_TIMES),
    Bad(
        b'{"timestamp": 1772352000, "a": 1}', "time_out_of_range", "'timestamp' stands for ts: ts 1772352000 looks like"
    ),
    Bad(b'{"t": 1772352000.5, "a": 1}', "time_out_of_range", "seconds"),
    Bad(b'{"a": 1, "time": "noon"}', "bad_time", "'time' stands for ts"),
    Bad(b'{"sampleTime": %d, "send_time": %d, "a": 1}' % (MS, MS + 1), "bad_time", "different times"),
    Bad(b'{"timestamp": %d}' % MS, "no_values"),
    Bad(b'{"ts": true, "values": {"a": 1}}', "bad_time", "true"),
    Bad(b'{"ts": {}, "values": {"a": 1}}', "bad_time", "an object"),
    Bad(b'{"ts": NaN, "values": {"a": 1}}', "bad_time", "NaN"),
    Bad(_MANY, "too_many_values", "500"),
    Bad(_APART, "too_many_values", "500"),
    Bad(_TOGETHER, "too_many_values", "4,000"),
]

FRAMES = Frames(decode, GOOD, BAD)
