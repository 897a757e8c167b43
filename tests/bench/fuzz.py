"""Fuzzing of all that reads strangers' bytes: a million inputs, none may raise, or take over 10 ms of CPU or 10 MB.

./run bench fuzz [--inputs 1000000] [--seconds N] [--form telemetry] [--seed N] [--json]
./run bench fuzz --form telemetry --repeat HEX

Half of the inputs are guided by coverage (atheris; skipped, and said so, where it is not installed). The others are
the largest and most tangled of each kind, then the frames of the tests, mutated by chance. What holds many messages
(a block of MQTT, a batch over HTTP) may take a little more for each of them, and 10 ms for each 512 KiB.
"""

import argparse
import json
import random
import sys
import time

from tests.support import fuzz_guided
from tests.support.fuzz_inputs import Mutator, monsters
from tests.support.fuzz_probe import Report, probe, read_back, written
from tests.support.fuzz_targets import TARGETS


def fuzz_by_chance(report: Report, inputs: int, seconds: float, chance: random.Random) -> None:
    """Mutate by chance; an input with a reason of refusal that was not seen before is kept."""
    target, began = report.target, time.monotonic()
    for payload in [*target.seeds, *monsters(target.name, target.max_bytes)]:
        probe(report, payload)
    mutator = Mutator(target.seeds, chance, target.max_bytes)
    for payload in mutator:
        if report.inputs >= inputs or time.monotonic() - began > seconds:
            break
        known = len(report.reasons)
        probe(report, payload)
        if len(report.reasons) > known:
            mutator.pool.append(payload)


def fuzz_by_coverage(report: Report, inputs: int, seed: int) -> None:
    """Inputs that reach new branches are mutated further; what is suspicious is measured here, without the counting."""
    seeds = [payload for payload in report.target.seeds if len(payload) <= fuzz_guided.MAX_LEN]
    report.guided, report.edges, suspects = fuzz_guided.guided(report.target.name, inputs, seed, seeds)
    for payload in suspects:
        probe(report, payload, suspect=True)
    report.inputs += report.guided - len(suspects)


def fuzz(name: str, inputs: int, seconds: float, seed: int) -> Report:
    """Both ways for one target, half of the inputs each; `seconds` is for those by chance."""
    report, began = Report(TARGETS[name]), time.monotonic()
    if fuzz_guided.available():
        fuzz_by_coverage(report, inputs // 2, seed)
    fuzz_by_chance(report, inputs, seconds, random.Random(seed))
    report.seconds = time.monotonic() - began
    return report


def _told(report: Report) -> str:
    return (
        f"{report.target.name:13}{report.inputs:10,}{report.guided:10,}{report.edges:7}{report.refused:10,}"
        f"{len(report.reasons):9}{report.inputs / report.seconds:10,.0f}{report.slowest_s * 1000:12.2f}"
        f"{report.fattest / (1 << 20):12.2f}{len(report.broken):12}"
    )


def _repeat(name: str, text: str) -> int:
    """Feed one input again; the exit status."""
    report = Report(TARGETS[name])
    probe(report, read_back(text), suspect=True)
    for what, _ in report.broken:
        print(f"BROKEN {name}: {what}")  # noqa: T201 a script's output
    print(f"{report.slowest_s * 1000:.2f} ms, {report.fattest / (1 << 20):.2f} MB, {report.reasons or 'read'}")  # noqa: T201
    return 1 if report.broken else 0


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./run bench fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all, shared by what is fuzzed")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="in all, at most, for those by chance")
    parser.add_argument("--form", choices=sorted(TARGETS), action="append", help="only this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", metavar="HEX", help="feed this input to the one --form, as a violation told it")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    given = parser.parse_args()
    if given.repeat:
        if not given.form or len(given.form) > 1:
            parser.error("--repeat needs one --form")
        sys.exit(_repeat(given.form[0], given.repeat))
    if not fuzz_guided.available():
        print("atheris is not installed here (it is for CPython below 3.14 on x86_64): by chance only")  # noqa: T201
    heads = f"{'inputs':>10}{'guided':>10}{'edges':>7}{'refused':>10}{'reasons':>9}{'inputs/s':>10}"
    print(f"{'':13}{heads}{'slowest ms':>12}{'fattest MB':>12}{'violations':>12}")  # noqa: T201
    chosen = given.form or list(TARGETS)
    reports = []
    for name in chosen:
        reports.append(fuzz(name, -(-given.inputs // len(chosen)), given.seconds / len(chosen), given.seed))
        print(_told(reports[-1]), flush=True)  # noqa: T201
    for report in reports:
        for what, payload in (("slowest", report.slowest), ("fattest", report.fattest_input)):
            print(f"{what} of {report.target.name}: {len(payload):,} bytes, {payload[:70]!r}")  # noqa: T201
    for report in reports:
        for what, payload in report.broken:
            again = f"./run bench fuzz --form {report.target.name} --repeat {written(payload)}"
            print(f"BROKEN {report.target.name}: {what}; {len(payload):,} bytes\n  {again}")  # noqa: T201
    broken = sum(len(report.broken) for report in reports)
    if given.json:
        by_name = {one.target.name: {"inputs": one.inputs, "guided": one.guided, "edges": one.edges,
                                     "slowest_ms": round(one.slowest_s * 1000, 2), "violations": len(one.broken),
                                     "fattest_mb": round(one.fattest / (1 << 20), 2)} for one in reports}  # fmt: skip
        print(json.dumps({"inputs": sum(one.inputs for one in reports), "broken": broken, "of": by_name}))  # noqa: T201
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
