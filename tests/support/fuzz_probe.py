"""One input into a fuzzed reader: what it raises, what CPU time and memory it costs, and how to repeat it."""

import gc
import time
import tracemalloc
import zlib
from dataclasses import dataclass, field

from devices import privacy
from devices.codecs import metric
from devices.codecs.decoded import MAX_BYTES
from tests.support.fuzz_targets import MAX_CPU_S, MAX_MEMORY, Target, reason

SUSPECT_S = 0.002
"""An input that takes longer is measured again, and its memory too."""
SUSPECT_BYTES = 20_000
BEST_OF = 3
PACKED = "z:"
"""In front of an input that is packed by zlib before it is written as hex: monsters pack well."""
MAX_BROKEN = 50
"""Violations kept of a target."""


@dataclass
class Report:
    """What was seen of one target."""

    target: Target
    inputs: int = 0
    guided: int = 0
    edges: int = 0
    """Branches of the hub's code that the guided inputs reached; 0 without them."""
    refused: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: bytes = b""
    fattest: int = 0
    fattest_input: bytes = b""
    reasons: set[str] = field(default_factory=set)
    broken: list[tuple[str, bytes]] = field(default_factory=list)

    def note(self, what: str, payload: bytes) -> None:
        """Keep a violation."""
        if len(self.broken) < MAX_BROKEN:
            self.broken.append((what, payload))


def written(payload: bytes) -> str:
    """An input as hex, packed if that is shorter."""
    packed = zlib.compress(payload, 9)
    return PACKED + packed.hex() if len(packed) < len(payload) else payload.hex()


def read_back(text: str) -> bytes:
    """The input that `written` wrote."""
    return zlib.decompress(bytes.fromhex(text[2:])) if text.startswith(PACKED) else bytes.fromhex(text)


def run(target: Target, payload: bytes) -> tuple[int, str | None]:
    """How many messages were found, and the reason of a refusal; whatever else is raised is the target's fault."""
    try:
        return target.read(payload), None
    except target.refusals as error:
        return 0, reason(error)


def cpu_s(target: Target, payload: bytes) -> float:
    """CPU seconds of one call that remembers no name."""
    for remembered in (metric._judged, privacy._named_private):
        remembered.cache_clear()
    began = time.process_time()
    run(target, payload)
    return time.process_time() - began


def peak_bytes(target: Target, payload: bytes) -> int:
    """The most memory that one call had allocated at a time, beyond the input."""
    gc.collect()
    tracemalloc.start()
    try:
        run(target, payload)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def probe(report: Report, payload: bytes, suspect: bool = False) -> None:
    """Feed one input; measure it closely when it was slow, is large, or is suspected."""
    target = report.target
    report.inputs += 1
    began = time.process_time()
    try:
        found, refusal = run(target, payload)
    except Exception as error:  # noqa: BLE001 that is what is looked for
        report.note(f"raised {error!r}", payload)
        return
    spent = time.process_time() - began
    if refusal is not None:
        report.refused += 1
        report.reasons.add(refusal)
    if not suspect and spent < SUSPECT_S and len(payload) < SUSPECT_BYTES:
        return
    if suspect or spent > report.slowest_s or spent > SUSPECT_S:
        spent = min([cpu_s(target, payload) for _ in range(BEST_OF)])
        if spent > report.slowest_s:
            report.slowest_s, report.slowest = spent, payload
        if spent > MAX_CPU_S * max(1.0, len(payload) / MAX_BYTES) + found * target.each_s:
            report.note(f"took {spent * 1000:.1f} ms of CPU, {BEST_OF} times", payload)
    fat = peak_bytes(target, payload)
    if fat > report.fattest:
        report.fattest, report.fattest_input = fat, payload
    if fat > MAX_MEMORY + found * target.each_bytes:
        report.note(f"took {fat / (1 << 20):.1f} MB", payload)
