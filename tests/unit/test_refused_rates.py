"""Above the rate refused messages are counted only, good ones are stored, and a flood that is kept up is told."""

import json
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.protocols import CODECS, STRICT
from devices.codecs.strict import ANY, Strict
from devices.floods import Decided, Floods, RefusedOf
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.errors import DecodeError
from hub.limit_settings import Floods as Limits
from hub.models import GANZHI, Batch, Micros, Raw, Repeat
from hub.stage import run_steps
from hub.store.dead_letter_stage import REPLAY, Sampler
from tests.support.origins import raw_of

NOW: Micros = 1_767_225_600_000_000
S = 1_000_000
UTC = ZoneInfo("UTC")
BAD, GOOD = b"no JSON", b'{"a": 1}'


def registry() -> Registry:
    found = Registry()
    profile = Profile(1, "p", 1, 60 * S, {"a": (0.0, 1.0)}, 0, {})
    for id_, (code, gateway) in enumerate([("noisy", None), ("calm", None), ("child", "noisy")], 1):
        found.devices[code] = Device(id_, code, gateway, UTC, True, profile, 100 * id_, {"a": 0})
    return found


class City:
    """Resolves and decides batches of messages, as a hub does whose commits succeed."""

    def __init__(self, **limits: float) -> None:
        self.floods = Floods(Limits(**{"refused_per_s": 10, "kept_up_s": 3, **limits}))
        self.resolver = Resolver(registry(), None, self.floods)

    def read(self, *raws: Raw) -> Batch:
        batch = Batch(list(raws))
        run_steps(self.resolver, batch)
        run_steps(self.floods, batch)
        return batch

    def commit(self, *raws: Raw) -> Batch:
        batch = self.read(*raws)
        self.floods.adopt(batch)
        return batch


def sent(device: str, payloads: list[bytes], at: Micros, form: str = "telemetry") -> list[Raw]:
    topic = f"ganzhi/v1/{device}/{form}"
    return [raw_of("mqtt", topic, payload, at + number) for number, payload in enumerate(payloads)]


def letters(batch: Batch) -> int:
    return sum(not letter.counted_only for letter in batch.refused.values())


def test_beyond_two_seconds_worth_letters_are_counted_only_and_good_messages_are_stored() -> None:
    city = City()
    batch = city.commit(*sent("noisy", [BAD, GOOD] * 150, NOW), *sent("calm", [BAD], NOW + S))
    assert (len(batch.refused), letters(batch), len(batch.readings)) == (151, 21, 150)
    later = city.commit(*sent("noisy", [BAD] * 50, NOW + 2 * S), *sent("calm", [BAD], NOW + 2 * S))
    assert (len(later.refused), letters(later)) == (51, 20), "what two seconds bring, and the other one's"
    chosen, dropped = Sampler().choose(later.refused.values(), 0)
    assert (len(chosen), dropped) == (20, {("not_json", "mqtt"): 31})


def test_the_rate_recovers() -> None:
    city = City()
    city.commit(*sent("noisy", [BAD] * 500, NOW))
    assert city.floods.over(NOW + S) == {1}
    assert city.floods.over(NOW + 6 * S) == set()
    assert letters(city.commit(*sent("noisy", [BAD], NOW + 6 * S))) == 1
    assert letters(city.commit(*sent("noisy", [BAD] * 500, NOW + 60 * S))) == 20


def test_decided_twice_is_decided_once_and_what_is_not_committed_does_not_count() -> None:
    city = City()
    raws = sent("noisy", [BAD] * 15, NOW)
    assert letters(city.read(*raws)) == letters(city.read(*raws)) == letters(city.commit(*raws)) == 15
    assert letters(city.commit(*sent("noisy", [BAD] * 15, NOW + 1))) == 5


def test_a_few_faults_beside_good_readings_are_no_flood() -> None:
    partly = json.dumps({"a": 1, "b": 2}).encode()
    mostly = json.dumps({"a": 1, **{f"b{number}": "x" for number in range(5)}}).encode()
    unknown = json.dumps({"a": 1, **{f"b{number}": 1 for number in range(5)}}).encode()
    batch = City().commit(*sent("noisy", [partly] * 300, NOW))
    assert (letters(batch), batch.of(RefusedOf), len(batch.readings)) == (300, {}, 300)
    for payload in (mostly, unknown):
        batch = City().commit(*sent("noisy", [payload] * 300, NOW))
        assert (letters(batch), batch.of(RefusedOf)[1].refused) == (20, 300)


def test_a_flood_that_is_kept_up_is_told_and_told_again_while_it_lasts() -> None:
    city, told = City(), []
    for second in range(12):
        batch = city.commit(*sent("noisy", [BAD] * 100, NOW + second * S), *sent("calm", [BAD] * 5, NOW + second * S))
        told += [(second, flood.device, flood.new) for flood in batch.of(Decided).floods]
    assert told == [(3, "noisy", True), (8, "noisy", False)]
    later = city.commit(*sent("noisy", [BAD] * 2_000, NOW + 60 * S))
    assert later.of(Decided).floods == [], "after a rest it is another flood"


def test_what_the_broker_had_kept_is_no_flood_that_is_kept_up() -> None:
    city, told = City(), []
    for second in range(12):
        raws = sent("noisy", [BAD] * 100, NOW + second * S)
        kept = [raw._replace(repeated=Repeat.POSSIBLE) for raw in raws] if second < 6 else raws
        batch = city.commit(*kept)
        told += [(second, flood.new) for flood in batch.of(Decided).floods]
        assert letters(batch) == (0 if second else 20)
        assert city.floods.over(NOW + second * S) == {1}
    assert told == [(8, True)]


def test_replays_and_what_the_hub_finds_out_do_not_count() -> None:
    replayed = [raw._replace(source=f"{REPLAY}{number}") for number, raw in enumerate(sent("noisy", [BAD] * 300, NOW))]
    assert letters(City().commit(*replayed)) == 300


def test_messages_of_unregistered_codes_stay_dead_letters_which_can_be_replayed() -> None:
    batch = City().commit(*sent("nobody", [GOOD] * 300, NOW))
    assert letters(batch) == 300
    assert batch.of(Decided).floods == []


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps([1] * 1000),
        json.dumps([{"a": "x"}] * 200),
        json.dumps([{"ts": "x", "a": 1}] * 200),
        json.dumps({f"x{number}": 1 for number in range(200)}),
        json.dumps({f"!{number}": 1 for number in range(200)}),
        json.dumps({"values": {f"a{number}": "text" for number in range(200)}}),
    ],
)
@pytest.mark.parametrize("form", ["telemetry", "senml", "event"])
def test_what_floods_is_refused_at_its_fifth_fault(form: str, payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def count(self: DecodeError, reason: str, detail: str, *_: object) -> None:
        nonlocal made
        made += 1
        Exception.__init__(self, detail)
        self.reason, self.detail, self.at, self._faults = reason, detail, None, None

    monkeypatch.setattr(DecodeError, "__init__", count)
    with pytest.raises(DecodeError):
        STRICT[GANZHI, form](payload.encode(), NOW, UTC, Strict(known={"a": 0}))
    assert made <= 8


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("telemetry", b'[{"ts": 1767225600000, "values": {"a": 1, "faceId": 2}}, {"a": 2}]'),
        ("telemetry", b'{"a": 1, "b": 2, "c": null}'),
        ("senml", b'[{"bn": "urn:dev:x:", "n": "a", "v": 1.5}, {"n": "a", "v": 2, "t": 1}]'),
        ("event", b'[{"kind": "smoke", "level": "purple"}, {"kind": "tamper", "attributes": {"room": 1}}]'),
    ],
)
def test_what_is_good_or_nearly_is_decoded_as_ever(form: str, payload: bytes) -> None:
    plain = CODECS[GANZHI, form](payload, NOW, UTC)
    strict = STRICT[GANZHI, form](payload, NOW, UTC, Strict(known=ANY))
    assert (strict.metrics, strict.ts, strict.values, strict.events) == (
        plain.metrics, plain.ts, plain.values, plain.events,
    )  # fmt: skip
    assert (strict.faults, strict.private) == (plain.faults, plain.private)
