"""Frames of SenML JSON; those named RFC are the examples of RFC 8428, section 5."""

from devices.codecs.senml_pack import decode
from tests.support.frames import RECEIVED, Bad, Frames, Good, at, json_flaws

BN = b'"bn":"urn:dev:ow:10e2073a01080063:"'
RFC_T = 1_276_020_076_001_000
T = at("2026-03-01T08:00:00Z")

GOOD = [
    Good(b'[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]',  # RFC 5.1.1
         [("urn:dev:ow:10e2073a01080063", RECEIVED, 23.1)], timeless=True),
    Good(b"[{" + BN + b',"n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]',  # RFC 5.1.2
         [("voltage", RECEIVED, 120.1), ("current", RECEIVED, 1.2)], timeless=True),
    Good(b"[{" + BN + b',"bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},'  # RFC 5.1.2
         b'{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]',
         [("voltage", RFC_T, 120.1), ("current", RFC_T - 5_000_000, 1.2), ("current", RFC_T - 4_000_000, 1.3),
          ("current", RFC_T, 1.7)]),
    # what is smaller than 2**28 counts from now
    Good(b'[{"n":"a","v":1.5,"t":-60},{"n":"a","v":2}]', [("a", RECEIVED - 60_000_000, 1.5), ("a", RECEIVED, 2)],
         timeless=True),
    Good(b'[{"bt":-10,"n":"a","v":1,"t":0.000001}]', [("a", RECEIVED - 9_999_999, 1)], timeless=True),
    # nothing is measured in the future: it was counted since the device started, and the newest is now
    Good(b'[{"n":"a","v":1,"t":300}]', [("a", RECEIVED, 1)], timeless=True),
    Good(b'[{"bt":86400,"n":"a","v":1},{"n":"a","v":2,"t":2.5},{"n":"b","v":3,"t":-86410}]',
         [("a", RECEIVED - 2_500_000, 1), ("a", RECEIVED, 2), ("b", RECEIVED - 10_000_000, 3)], timeless=True),
    Good(b'[{"bt":1772352000.000001,"n":"a","v":1}]', [("a", T + 1, 1)]),
    Good(b'[{"bt":1772352000,"n":"a","v":1,"t":0.123457}]', [("a", T + 123_457, 1)]),
    # base fields persist until they are replaced; a record of base fields alone sets them
    Good(b"[{" + BN + b',"bt":1772352000},{"n":"a","v":1},{"bt":1772352060,"n":"a","v":2},{"n":"b","v":3}]',
         [("a", T, 1), ("a", T + 60_000_000, 2), ("b", T + 60_000_000, 3)]),
    Good(b'[{"bt":1772352000,"bv":20,"n":"a","v":1.5},{"n":"b","v":-2},{"n":"c","vb":true},{"bv":0,"n":"d","v":1}]',
         [("a", T, 21.5), ("b", T, 18), ("c", T, 1), ("d", T, 1)]),
    Good(b'[{"bt":1772352000,"n":"on","vb":true},{"n":"off","vb":false}]', [("on", T, 1), ("off", T, 0)]),
    Good(b'[{"bt":1772352000,"n":"a","v":1,"s":7,"ut":5,"u":"Cel","x":{}}]', [("a", T, 1)], unused=("x",)),
    Good(b'[{"bt":1772352000,"n":"a","v":1,"seq":7},{"n":"b","v":2,"seq":8,"faceId":7}]', [("a", T, 1), ("b", T, 2)],
         unused=("seq",), private=1),
    Good(b'[{"bt":1772352000,"n":"a","v":nan},{"n":"b","v":2},{"n":"c","v":-inf},{"n":"d","v":None}]', [("b", T, 2)],
         faults=["value_not_finite"] * 2),
    # units: each metric has that of its first value with one; rows tell which values have another, or none
    Good(b'[{"bt":1772352000,"n":"a","u":"m","v":0.35},{"n":"a","u":"cm","v":57},{"n":"b","u":"%RH","v":3},{"n":"c","v":1}]',
         [("a", T, 0.35), ("a", T, 57), ("b", T, 3), ("c", T, 1)], units={"a": "m", "b": "%"},
         other_units={1: "cm", 3: None}),
    Good(b'[{"bt":1772352000,"n":"a","v":21},{"n":"a","u":"K","v":293.15},{"n":"b","u":"%","v":"x"},{"n":"a","v":22},'
         b'{"n":"a","u":"m","v":5,"t":"x"},{"n":"a","u":"K","v":290},{"n":"a","u":"","v":23}]',
         [("a", T, 21), ("a", T, 293.15), ("a", T, 22), ("a", T, 290), ("a", T, 23)], units={"a": "K"},
         other_units={0: None, 2: None, 4: None}, faults=["value_not_a_number", "bad_time"]),
    Good(b'[{"bt":1772352000,"n":"a","u":"K","v":1},{"n":"a","v":2,"t":"x"},{"n":"a","u":"K","v":3}]',
         [("a", T, 1), ("a", T, 3)], units={"a": "K"}, other_units={}, faults=["bad_time"]),
    Good(b'[{"bt":1772352000,"bu":"degC","n":"a","v":20},{"n":"a","u":"K","v":296.95,"t":1},{"n":"b","v":7,"bu":null},'
         b'{"n":"c","v":7},{"bu":"pH","n":"d","v":7},{"n":"d","u":"","v":8}]',
         [("a", T, 20), ("a", T + 1_000_000, 296.95), ("b", T, 7), ("c", T, 7), ("d", T, 7), ("d", T, 8)],
         units={"a": "Cel", "d": "[pH]"}, other_units={1: "K", 2: None, 3: None, 5: None}),
    Good(b'[{"bt":1772352000,"n":"a","u":"banana","v":1},{"n":"b","v":2,"u":5},{"n":"c","u":"C","v":3},{"n":"d","u":"m","v":4},'
         b'{"n":"d","u":"s","v":5}]', [("d", T, 4), ("d", T, 5)], units={"d": "m"}, other_units={1: "s"},
         faults=["senml_bad_unit"] * 3),
    # null is as if it were not there, and a value that was not measured
    Good(b'[{"bt":1772352000,"n":"a","v":null},{"n":"b","v":2,"vb":null,"t":null,"u":null},{"n":"c","vb":null}]',
         [("b", T, 2)]),
    Good(b'[{"bn":null,"bt":1772352000,"bv":null,"bver":null,"n":"a","v":2.5,"t":null},{"bt":null,"n":"b","v":3}]',
         [("a", T, 2.5), ("b", T, 3)]),
    Good(b'[{"n":"a","v":null}]'),
    # a base name with a separator at its end is the device; what extends it is part of the metric
    Good(b'[{"bt":1772352000,"bn":"pole-7/","n":"a","v":1},{"bn":"pole-7/lamp/","n":"w","v":2},{"bn":"pole-7/","n":"b","v":3}]',
         [("a", T, 1), ("lamp/w", T, 2), ("b", T, 3)]),
    Good(b'[{"bt":1772352000,"bn":"indoor","n":"temp","v":1}]', [("indoortemp", T, 1)]),
    Good(b'[{"bt":1772352000,"bn":"indoor","v":1}]', [("indoor", T, 1)]),
    Good(b'[{"bt":1772352000,"bn":"a:","n":"x","v":1},{"bn":"b:","n":"x","v":2},{"n":"y","v":3},{"bn":"a:","n":"z","v":4}]',
         [("x", T, 1), ("z", T, 4)], faults=["senml_other_device"] * 2),
    # what is wrong in a record leaves the others
    Good(b'[{"bt":1772352000,"n":"a","v":1},{"n":"b","vs":"x"},{"n":"c","vd":"AA"},{"n":"d","s":1},{"n":"e"},{"v":1},'
         b'{"n":"f","v":"1"},{"n":"g","v":null},{"n":"h","v":1,"vb":true},{"n":"i","vb":1},{"n":5,"v":1},7]',
         [("a", T, 1)],
         faults=["senml_not_numeric", "senml_not_numeric", "senml_sum_only", "senml_no_value", "senml_no_name",
                 "value_not_a_number", "senml_two_values", "senml_bad_field", "senml_bad_field",
                 "not_an_object"]),
    Good(b'[{"bt":1772352000,"n":"a","v":1},{"n":"b","v":NaN},{"n":"c","v":1e999},{"n":"d","v":1,"t":"x"},'
         b'{"n":"e","v":1,"t":true},{"n":"f","v":1,"t":1e300},{"n":"g","v":1,"t":NaN},{"n":"h i","v":1},'
         b'{"n":"j","v":1,"t":1' + b"0" * 400 + b"}]",
         [("a", T, 1)], faults=["value_not_finite", "value_not_finite", "bad_time", "bad_time", "time_out_of_range",
                                "bad_time", "bad_metric_name", "time_out_of_range"]),
    Good(b'[{"bt":1772352000,"bv":1e308,"n":"a","v":1e308},{"bv":0,"n":"b","v":1}]',
         [("b", T, 1)], faults=["value_not_finite"]),
    Good(b'[{"bt":1772352000,"n":"a","v":1,"mine_":2},{"n":"b","v":1}]',
         [("b", T, 1)], faults=["senml_mandatory_label"]),
    # what is wrong in a base field leaves what came before
    Good(b'[{"bt":1772352000,"n":"a","v":1},{"bt":"x","n":"b","v":1},{"n":"c","v":1}]',
         [("a", T, 1)], faults=["bad_time"]),
    Good(b'[{"bt":1772352000,"n":"a","v":1},{"bmine_":1,"n":"b","v":1},{"n":"c","v":1}]', [("a", T, 1)],
         faults=["senml_mandatory_label"]),
    # the privacy gate
    Good(b"[{" + BN + b',"bt":1772352000},{"n":"plateNumber","vs":"x"},{"n":"face_id","v":1},{"n":"a","v":1}]',
         [("a", T, 1)], private=2),
]  # fmt: skip

BAD = [
    *json_flaws(),
    Bad(b'{"n":"a","v":1}', "senml_not_a_pack", "a list"),
    Bad(b"7", "senml_not_a_pack"),
    Bad(b"[]", "no_values"),
    Bad(b"[[]]", "not_an_object"),
    Bad(b'[{"n":"a","u":"banana","v":1}]', "senml_bad_unit", "'banana' is no unit"),
    Bad(b'[{"n":"a","u":"mw","v":1}]', "senml_bad_unit", "send mW / MW"),
    Bad(b'[{"bu":"banana","n":"a","v":1}]', "senml_bad_unit", "'banana' is no unit"),
    Bad(b'[{"n":"a","u":"C","v":1}]', "senml_bad_unit", "send Cel"),
    Bad(b'[{"n":"a","u":["m"],"v":1}]', "senml_bad_unit", "a list is no unit"),
    Bad(b'[{"bver":11,"n":"a","v":1}]', "senml_bad_version", "11"),
    Bad(b'[{"bver":"10","n":"a","v":1}]', "senml_bad_version"),
    Bad(b'[{"bn":7,"n":"a","v":1}]', "senml_bad_field", "bn is 7"),
    Bad(b'[{"bv":"1","n":"a","v":1}]', "senml_bad_field", "bv"),
    Bad(b'[{"bv":true,"n":"a","v":1}]', "senml_bad_field", "bv"),
    Bad(b'[{"bv":Infinity,"n":"a","v":1}]', "value_not_finite", "bv"),
    Bad(b'[{"bt":[],"n":"a","v":1}]', "bad_time", "bt"),
    Bad(b'[{"bn":"dev:","v":1}]', "senml_no_name", '"n"'),
    Bad(b'[{"n":"a","vs":"x"}]', "senml_not_numeric"),
    Bad(b'[{"n":"a","s":1}]', "senml_sum_only"),
    Bad(b'[{"n":"a"}]', "senml_no_value"),
    Bad(b'[{"n":"a","v":1,"t_":1}]', "senml_mandatory_label", "'t_'"),
    Bad(b'[{"n":"a","v":1,"t":1772352000000}]', "time_out_of_range", "looks like milliseconds"),
    Bad(b'[{"n":"a","v":1,"bt":1772352000000000}]', "time_out_of_range", "looks like microseconds"),
    Bad(b'[{"n":"a","v":1,"t":1772352000000000000}]', "time_out_of_range", "looks like nanoseconds"),
    Bad(b'[{"n":"a","v":1,"t":500000000}]', "time_out_of_range", "before 2000"),
    Bad(b'[{"n":"\\u0000","v":1}]', "bad_metric_name"),
    Bad(b'[{"n":"' + b"x" * 65 + b'","v":1}]', "bad_metric_name"),
    Bad(b"[" + b",".join([b'{"n":"a","v":1}'] * 4_001) + b"]", "too_many_values", "4,000"),
    Bad(b"[" + b",".join([b'{"n":"m%d","v":1}' % number for number in range(501)]) + b"]", "too_many_values", "500"),
]

FRAMES = Frames(decode, GOOD, BAD)
