"""Which dead letters of a storm are stored, and that all are counted."""

from uuid import uuid4

from hub.models import DeadLetter
from hub.store.dead_letter_stage import BYTES_EACH, DEAD_LETTER_BYTES, Sampler
from tests.support.origins import raw_of


def letters(count: int, reason: str = "not_json", transport: str = "mqtt", size: int = 10) -> list[DeadLetter]:
    raw = raw_of(transport, "ganzhi/v1/a/telemetry", b"x" * size, 1)
    return [DeadLetter(uuid4(), raw, reason, "why") for _ in range(count)]


def test_the_first_of_each_reason_in_a_minute_are_stored() -> None:
    sampler = Sampler(100)
    first, second = letters(80), letters(80)
    assert sampler.choose(first, 5) == (first, {})
    assert sampler.choose(second, 5) == (second[:20], {("not_json", "mqtt"): 60})
    assert sampler.choose(letters(7, transport="http"), 5) == ([], {("not_json", "http"): 7})
    other = letters(100, "no_values")
    assert sampler.choose(other, 5) == (other, {})


def test_the_next_minute_begins_anew() -> None:
    sampler = Sampler(10)
    assert sampler.choose(letters(10), 5)[1] == {}
    assert sampler.choose(letters(1), 5)[1] == {("not_json", "mqtt"): 1}
    assert sampler.choose(letters(10), 6)[1] == {}
    assert sampler.choose(letters(1), 5)[1] == {("not_json", "mqtt"): 1}  # a clock set back opens no second budget


def test_large_letters_use_up_the_minute_sooner() -> None:
    sampler = Sampler(1000)
    stored, dropped = sampler.choose(letters(1000, size=1 << 20), 5)
    assert len(stored) * DEAD_LETTER_BYTES == 1000 * BYTES_EACH // DEAD_LETTER_BYTES * DEAD_LETTER_BYTES + (
        DEAD_LETTER_BYTES if 1000 * BYTES_EACH % DEAD_LETTER_BYTES else 0
    )
    assert dropped == {("not_json", "mqtt"): 1000 - len(stored)}


def test_even_the_smallest_limit_stores_one() -> None:
    stored, dropped = Sampler(1).choose(letters(3, size=1 << 20), 5)
    assert len(stored) == 1
    assert dropped == {("not_json", "mqtt"): 2}
