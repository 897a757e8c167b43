"""What decoding costs: microseconds of processor a message and readings a second, on one core.

python -m tests.bench.codecs [--json]
"""

import json
import sys
import time
import timeit
from datetime import timedelta, timezone

from devices.codecs.carriers.envelope import PUSH
from devices.codecs.protocols import CODECS
from hub.errors import DecodeError
from hub.models import GANZHI
from tests.support.frames_carriers import SMOKE
from tests.support.frames_gb26875 import FIRE
from tests.support.frames_lorawan import TH
from tests.support.frames_meters import FLOW, WATER
from tests.support.frames_modbus import SOIL
from tests.support.frames_sl651 import RIVER

RECEIVED = 1_767_225_600_000_000
ZONE = timezone(timedelta(hours=8))
_SENML = ",".join([f'{{"n":"m{number}","v":2{number}.5}}' for number in range(24)])
_TIMED = ",".join([f'{{"n":"pm25","v":2{number}.5,"t":{number}}}' for number in range(24)])

MESSAGES = {
    "flat JSON, 1 reading": ("telemetry", 1, b'{"pm25": 35.2}'),
    "values JSON, 1 reading": ("telemetry", 1, b'{"ts": 1767225600000, "values": {"pm25": 35.2}}'),
    "values JSON, 1 reading, ISO time": (
        "telemetry",
        1,
        b'{"ts": "2026-01-01T08:00:00+08:00", "values": {"pm25": 35.2}}',
    ),
    "SenML, 24 metrics at one time": (
        "senml",
        24,
        b'[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1767225600},' + _SENML.encode() + b"]",
    ),
    "SenML, 1 metric at 24 times": (
        "senml",
        24,
        b'[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1767225600},' + _TIMED.encode() + b"]",
    ),
    "event JSON": (
        "event",
        1,
        b'{"id":"42","ts":1767225600000,"kind":"smoke","state":"active","level":"red","attributes":{"room":"12"}}',
    ),
    "GB/T 26875.3, an alarm": ("gb26875", 0, FIRE),
    "SL 651, 4 elements": ("sl651", 4, RIVER),
    "CJ/T 188": ("cjt188", 3, WATER),
    "SZY 206": ("szy206", 2, FLOW),
    "Modbus RTU, 4 registers": ("modbus-rtu", 4, SOIL),
    "Milesight EM300-TH": ("milesight", 3, bytes.fromhex(TH)),
    "CTWing, a report of 4 properties": ("ctwing", 4, SMOKE),
    "not JSON": ("telemetry", 1, b'{"pm25": 35.2'),
}


def microseconds(form: str, payload: bytes, seconds: float = 0.2) -> float:
    """The best of five runs: microseconds a call, an error included."""
    codec = CODECS.get((GANZHI, form)) or CODECS.get((form, "frame")) or CODECS[form, PUSH]

    def once() -> None:
        try:
            codec(payload, RECEIVED, ZONE)
        except DecodeError:
            return

    timer = timeit.Timer(once, timer=time.process_time)
    number = max(1, int(seconds / 5 / max(timer.timeit(100) / 100, 1e-7)))
    return min(timer.repeat(5, number)) / number * 1e6


def main() -> None:
    if "--json" in sys.argv[1:]:
        told = {
            name: {"us_per_frame": round(microseconds(form, each), 2)} for name, (form, _, each) in MESSAGES.items()
        }
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201 a script's output
        return
    print(f"{'message':36}{'bytes':>7}{'µs':>9}{'readings/s':>14}")  # noqa: T201 a script's output
    for name, (form, readings, payload) in MESSAGES.items():
        cost = microseconds(form, payload)
        print(f"{name:36}{len(payload):7}{cost:9.2f}{readings / cost * 1e6:14,.0f}")  # noqa: T201


if __name__ == "__main__":
    main()
