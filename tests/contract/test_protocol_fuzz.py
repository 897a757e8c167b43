"""Frames changed by structure, with their lengths and sums made right: nothing but refusals, each within 10 ms."""

from tests.bench.protocols import fuzz

INPUTS = 10_000
MOST_MS = 10


def test_ten_thousand_inputs_raise_nothing_and_none_takes_long() -> None:
    found = fuzz(lambda _: None, quick=True, count=INPUTS)
    assert found["fuzz_inputs"] == INPUTS
    assert found["fuzz_worst_ms"] < MOST_MS, found
    assert found["fuzz_read_share"] > 0.08, "what is behind the sums is reached"
