"""Protocols of the field: what a frame costs, fuzzing by structure, and stations at load in one process.

./run bench protocols [--json] [--quick] [--only codecs,fuzz,stations,idle]
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from random import Random
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hub.errors import DecodeError
from simulator.stations.hj212 import Hj212
from tests.bench.codecs import RECEIVED, ZONE, microseconds
from tests.bench.station_load import idle, stations
from tests.support.frames_all import FRAMES
from tests.support.frames_carriers import SMOKE
from tests.support.frames_gb26875 import FIRE
from tests.support.frames_lorawan import TH
from tests.support.fuzz_structure import inputs

INPUTS, QUICK_INPUTS = 1_000_000, 20_000
OWN = {"telemetry", "senml", "event", "reply", "status"}
"""Forms of the hub's own contract, which ./run bench fuzz has."""
PROTOCOLS = [name for name in FRAMES if name not in OWN]
TARGETS = {"hj212": (20, 12), "gb26875": (10, 5), "milesight": (15, 7.5), "ctwing": (15, 7.5)}
"""Microseconds a frame: at least, aim."""
SEVEN = Hj212("3301101F0000000000000001", 1).report(RECEIVED - RECEIVED % 1_000_000).frame
MESSAGES = {"hj212": SEVEN, "gb26875": FIRE, "milesight": bytes.fromhex(TH), "ctwing": SMOKE}
SUSPECT_S = 0.001
"""An input that takes longer by the clock of the process is measured again: the best of three counts."""
Tell = Callable[[float], None]


def codecs(tell: Tell, quick: bool) -> dict[str, Any]:
    """Microseconds of processor a frame, the best of five runs."""
    found: dict[str, Any] = {}
    for number, (protocol, frame) in enumerate(MESSAGES.items(), 1):
        found[protocol] = {"us_per_frame": round(microseconds(protocol, frame, 0.1 if quick else 1.0), 2)}
        tell(number / len(MESSAGES))
    return found


def fuzz(tell: Tell, quick: bool, count: int | None = None) -> dict[str, Any]:
    """Inputs for each codec; what is raised and is no DecodeError ends the bench, with the input."""
    count = count or (QUICK_INPUTS if quick else INPUTS)
    worst, worst_of, refused, chance = 0.0, "", 0, Random(1)
    sources = [(protocol, FRAMES[protocol].codec, inputs(protocol, chance)) for protocol in PROTOCOLS]
    for number, (protocol, codec, source) in enumerate(islice(cycle(sources), count)):
        payload = next(source)
        spent, fine = _spent(codec, payload, protocol)
        refused += not fine
        if spent > SUSPECT_S and spent > worst:
            spent = min(spent, *(_spent(codec, payload, protocol)[0] for _ in range(3)))
        if spent > worst:
            worst, worst_of = spent, protocol
        if number % 1_000 == 0:
            tell(number / count)
    tell(1.0)
    return {
        "fuzz_inputs": count, "fuzz_worst_ms": round(worst * 1000, 3), "fuzz_worst_of": worst_of,
        "fuzz_read_share": round(1 - refused / count, 3),
    }  # fmt: skip


def _spent(codec: Callable[..., Any], payload: bytes, protocol: str) -> tuple[float, bool]:
    began = time.process_time()
    try:
        codec(payload, RECEIVED, ZONE)
    except DecodeError:
        return time.process_time() - began, False
    except Exception:
        sys.stderr.write(f"{protocol}: {payload.hex()}\n")
        raise
    return time.process_time() - began, True


PARTS: dict[str, Callable[[Tell, bool], dict[str, Any]]] = {
    "codecs": codecs, "fuzz": fuzz, "stations": stations, "idle": idle,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench protocols", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, and nothing else")
    parser.add_argument("--quick", action="store_true", help="a few seconds in all, for a look")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    bar = Progress(TextColumn("{task.description:10}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True))
    with bar:
        for name in given.only.split(","):
            task = bar.add_task(name, total=1.0)
            found |= PARTS[name](lambda done, task=task: bar.update(task, completed=done), given.quick)  # type: ignore[misc]
            bar.update(task, completed=1.0)
    if given.json:
        print(json.dumps(found))  # noqa: T201 a script's output
        return
    for name, value in found.items():
        at_least, aim = TARGETS.get(name, (None, None))
        told = value["us_per_frame"] if isinstance(value, dict) else value
        print(f"{name:18}{told!s:>12}" + (f"   at least {at_least}, aim {aim}" if at_least else ""))  # noqa: T201


if __name__ == "__main__":
    main()
