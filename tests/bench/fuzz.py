"""Fuzzing of every decoder: a million inputs, and none may raise, take more than 10 ms of CPU or more than 10 MB.

./run bench fuzz [--inputs 1000000] [--seconds N] [--form telemetry] [--seed N]

Inputs are the largest and most tangled of each kind, then the frames of the codec tests, mutated: bytes changed, JSON
values replaced, parts repeated up to the size limit, nested, spliced. What gave a new reason of refusal is mutated on.
"""

import argparse
import gc
import json
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from devices import privacy
from devices.addressing import parse_topic
from devices.codecs import CODECS, metric
from devices.codecs.decoded import MAX_BYTES
from hub.errors import DecodeError
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_all import FRAMES

MAX_CPU_S = 0.010
MAX_MEMORY = 10 << 20
SUSPECT_S = 0.002
"""An input that takes longer is measured again, and its memory too."""
SUSPECT_BYTES = 20_000
BEST_OF = 5

Target = Callable[[bytes], object]


def _codec(form: str) -> Target:
    return lambda payload: CODECS[form](payload, RECEIVED, ZONE)


def targets() -> dict[str, Target]:
    """Each codec, and the parser of topics, as a function of bytes."""
    return {form: _codec(form) for form in CODECS} | {
        "topic": lambda payload: parse_topic(payload.decode("utf-8", "replace"), "ganzhi/v1")
    }


def corpus(form: str) -> list[bytes]:
    """What mutations start from."""
    if form == "topic":
        return [b"ganzhi/v1/air-17/telemetry", b"ganzhi/v1/pole-1/child/air-17/senml"]
    frames = FRAMES[form]
    seeds = [frame.payload for frame in [*frames.good, *frames.bad] if len(frame.payload) < 20_000]
    return [*seeds, *(b"[" + b",".join([seed] * 50) + b"]" for seed in seeds[:20])]


@dataclass
class Report:
    """What was seen of one decoder."""

    form: str
    inputs: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: bytes = b""
    fattest: int = 0
    fattest_input: bytes = b""
    reasons: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def note(self, what: str, payload: bytes) -> None:
        """Keep a violation, with enough of the input to see what it is."""
        self.broken.append(f"{self.form}: {what}; {len(payload):,} bytes: {payload[:60]!r} ... {payload[-30:]!r}")


def run(target: Target, payload: bytes) -> str | None:
    """The reason of a refusal, None when it was read; whatever else is raised is the target's fault."""
    try:
        target(payload)
    except DecodeError as error:
        return error.reason
    return None


def cpu_s(target: Target, payload: bytes) -> float:
    """CPU seconds of one call that remembers no name."""
    for remembered in (metric._judged, privacy._named_private):
        remembered.cache_clear()
    began = time.thread_time()
    run(target, payload)
    return time.thread_time() - began


def peak_bytes(target: Target, payload: bytes) -> int:
    """The most memory that one call had allocated at a time, beyond the input."""
    gc.collect()
    tracemalloc.start()
    try:
        run(target, payload)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def probe(target: Target, payload: bytes, report: Report) -> None:
    """Feed one input; measure it again when it was slow, or is large and was not yet outdone."""
    report.inputs += 1
    began = time.thread_time()
    try:
        reason = run(target, payload)
    except Exception as error:  # noqa: BLE001 that is what is looked for
        report.note(f"raised {error!r}", payload)
        return
    spent = time.thread_time() - began
    if reason is not None:
        report.refused += 1
        report.reasons.add(reason)
    if spent < SUSPECT_S and len(payload) < SUSPECT_BYTES:
        return
    if spent > report.slowest_s or spent > SUSPECT_S:
        spent = min([cpu_s(target, payload) for _ in range(BEST_OF)])
        if spent > report.slowest_s:
            report.slowest_s, report.slowest = spent, payload
        if spent > MAX_CPU_S:
            report.note(f"took {spent * 1000:.1f} ms of CPU", payload)
    fat = peak_bytes(target, payload)
    if fat > report.fattest:
        report.fattest, report.fattest_input = fat, payload
    if fat > MAX_MEMORY:
        report.note(f"took {fat / (1 << 20):.1f} MB", payload)


TOKENS = [
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0.0", b"1e-400", b"9" * 400, b"9" * 5000, b"1" + b"0" * 30),
    *(b'"\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b"\xef\xbb\xbf", b"[[[[[[[[", b'{"a":' * 20, b"]" * 20),
    *(b"{}", b"[]", b'""'),
    *(b'"ts":', b'"values":', b'"kind":', b'"image":', b'"attributes":', b'"bn":', b'"bt":', b'"n":', b'"v":', b'"t":'),
    *(b'"licensePlate":', b'"faceId":', '"人脸":'.encode(), b"2026-01-01T00:00:00Z", b"0001-01-01"),
    b"9999-12-31T23:59:59.999999Z",
    *(b",", b":", b"{", b"}", b"[", b"]", b'"', b"\\", b"\x00", b"\x80", b"\xf4\x90\x80\x80", b"-", b"+", b"#", b"/"),
]  # fmt: skip


class Mutator:
    """Makes new inputs from known ones; what brought something new is kept and mutated further."""

    def __init__(self, seeds: list[bytes], chance: random.Random) -> None:
        self.pool, self._chance = list(seeds), chance
        self._ways = [self._bytes, self._token, self._cut, self._repeat, self._splice, self._nest, self._digits]

    def __iter__(self) -> Iterator[bytes]:
        chance = self._chance
        while True:
            payload = chance.choice(self.pool)
            for _ in range(chance.choice((1, 1, 2, 3, 6))):
                payload = chance.choice(self._ways)(payload)
            yield payload[: MAX_BYTES + 1]

    def _place(self, payload: bytes) -> int:
        return self._chance.randint(0, len(payload))

    def _bytes(self, payload: bytes) -> bytes:
        place = self._place(payload)
        return payload[:place] + self._chance.randbytes(self._chance.randint(0, 3)) + payload[place + 1 :]

    def _token(self, payload: bytes) -> bytes:
        place = self._place(payload)
        return payload[:place] + self._chance.choice(TOKENS) + payload[place + self._chance.randint(0, 4) :]

    def _cut(self, payload: bytes) -> bytes:
        start, end = sorted((self._place(payload), self._place(payload)))
        return payload[:start] + payload[end:]

    def _repeat(self, payload: bytes) -> bytes:
        start, end = sorted((self._place(payload), self._place(payload)))
        # Few are long: a megabyte takes as much time as a thousand short ones.
        limit = MAX_BYTES if self._chance.random() < 0.0005 else 2_000
        times = min(self._chance.choice((2, 3, 10, 100_000)), limit // max(1, end - start))
        return payload[:start] + payload[start:end] * times + payload[end:]

    def _splice(self, payload: bytes) -> bytes:
        other = self._chance.choice(self.pool)
        return payload[: self._place(payload)] + other[self._place(other) :]

    def _nest(self, payload: bytes) -> bytes:
        depth = self._chance.choice((1, 2, 16, 17, 100, 1_500))
        return b'[{"a":' * depth + payload + b"}]" * depth if depth % 2 else b"[" * depth + payload + b"]" * depth

    def _digits(self, payload: bytes) -> bytes:
        digits = [place for place, byte in enumerate(payload[:4_000]) if 48 <= byte <= 57]
        if not digits:
            return payload
        place = self._chance.choice(digits)
        number = b"%d" % self._chance.choice((0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**18, 10**300))
        return payload[:place] + number + payload[place + 1 :]


def monsters(form: str) -> list[bytes]:
    """The largest of each kind: deep, wide, long, many, wrong to the last byte."""
    units = [
        *(b'{"a":1},', b'["\\ud800",0],', b"1,", b'{"n":"a","v":NaN},', b'{"kind":5,"x":"\\u0000"},', b"{},", b"[],"),
        *(b'{"n":"a","v":1},', b'{"bn":"a:","bt":1772352000,"n":"b","v":1},', b'{"kind":"smoke"},', b'"x",', b"null,"),
        *(b'{"ts":1772352000000,"values":{"a":1}},', b'{"kind":"smoke","attributes":{"a":[1,2,3]}},', b"1e308,"),
        b"[[]],",
        *(b'{"kind":"smoke","faceId":1},', '{"人脸":1},'.encode(), b'{"n":"faceId","v":1},', b"9" * 300 + b","),
    ]  # fmt: skip
    counts = (499, 999, 3_999, 6_999, 10_499, 20_998, MAX_BYTES)
    made = [b"[" + (unit * min(count, MAX_BYTES // len(unit) - 1))[:-1] + b"]" for unit in units for count in counts]
    made += [text[:-1] + b"!" for text in made] + [text[:-20] for text in made]
    pairs = [b",".join(b'"m%d":%d' % (i, i) for i in range(count)) for count in (499, 1_900, 3_900, 9_999, 100_000)]
    pairs += [b",".join(b'"%s%d":"x"' % (b"aB" * 29, i) for i in range(count)) for count in (499, 1_900, 3_900)]
    names = [b",".join(b'"%s%d":1' % (b"n" * 50, i) for i in range(15_000))]
    faces = [b",".join(b'"face_%d":1' % i for i in range(60_000))]
    for inner in [*pairs, *names, *faces]:
        made += [b"{" + inner + b"}", b'{"ts":1772352000000,"values":{' + inner + b"}}"]
        made += [b'{"kind":"smoke","attributes":{' + inner + b"}}", b'[{"n":"a","v":1,' + inner + b"}]"]
    for size in (4_000, 100_000, MAX_BYTES - 40):
        made += [
            b"9" * size,
            b'{"a":' + b"9" * size + b"}",
            b'{"a":0.' + b"1" * size + b"}",
            b'"' + b"\\n" * (size // 2) + b'"',
        ]
        made += [b"[" * size, b'{"a":' * (size // 5), b" " * size, b'{"ts":"' + b"1" * size + b'"}', b"\xff" * size]
        made += [b'{"kind":"' + b"x" * size + b'"}', b'{"kind":"smoke","image":"' + b"/9j/" * (size // 4) + b'"}']
        made += [b'{"kind":"smoke","attributes":{"a":"' + "人".encode() * (size // 3) + b'"}}']
        made += [b'{"a":"' + b"x" * (size - 10) + b"\xff" + b'"}', b'[{"n":"' + b"a" * size + b'","v":1}]']
    if form == "topic":
        made = [b"ganzhi/v1/" + text[:65_525] for text in made] + [b"/" * 65_535]
    return [text for text in made if len(text) <= MAX_BYTES]


def fuzz_by_chance(target: Target, form: str, inputs: int, seconds: float, chance: random.Random) -> Report:
    """Mutate by chance; an input with a reason of refusal that was not seen before is kept."""
    report = Report(form)
    began = time.monotonic()
    for payload in monsters(form):
        probe(target, payload, report)
    mutator = Mutator(corpus(form), chance)
    for payload in mutator:
        if report.inputs >= inputs or time.monotonic() - began > seconds:
            break
        known = len(report.reasons)
        probe(target, payload, report)
        if len(report.reasons) > known:
            mutator.pool.append(payload)
    report.seconds = time.monotonic() - began
    return report


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./run bench fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all, shared by the decoders")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="in all, at most")
    parser.add_argument("--form", choices=sorted(targets()), action="append", help="only this decoder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    given = parser.parse_args()
    chosen = {form: target for form, target in targets().items() if not given.form or form in given.form}
    reports = []
    heads = f"{'inputs':>10}{'refused':>10}{'reasons':>9}{'inputs/s':>10}{'slowest ms':>12}{'fattest MB':>12}"
    print(f"{'decoder':12}{heads}")  # noqa: T201 a script's output
    for form, target in chosen.items():
        share = -(-given.inputs // len(chosen))
        report = fuzz_by_chance(target, form, share, given.seconds / len(chosen), random.Random(given.seed))
        reports.append(report)
        print(  # noqa: T201
            f"{form:12}{report.inputs:10,}{report.refused:10,}{len(report.reasons):9}"
            f"{report.inputs / report.seconds:10,.0f}{report.slowest_s * 1000:12.2f}{report.fattest / (1 << 20):12.2f}",
            flush=True,
        )
    for report in reports:
        print(f"slowest of {report.form}: {len(report.slowest):,} bytes, {report.slowest[:70]!r}")  # noqa: T201
        print(f"fattest of {report.form}: {len(report.fattest_input):,} bytes, {report.fattest_input[:70]!r}")  # noqa: T201
    broken = [line for report in reports for line in report.broken]
    for line in broken[:50]:
        print(f"BROKEN {line}")  # noqa: T201
    if given.json:
        print(json.dumps({"inputs": sum(report.inputs for report in reports), "broken": len(broken)}))  # noqa: T201
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
