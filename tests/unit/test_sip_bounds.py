"""devices/sip/answers.py, ingest/sip/nonces.py: what strangers send is bounded, and undoes nothing of others."""

import pytest

from devices.codecs.gb28181 import sip
from devices.sip import answers as answers_
from devices.sip.answers import Answers, key_of
from ingest import nonces as nonces_
from ingest.nonces import Nonce, Nonces
from tests.support.frames_gb28181 import KEEPALIVE, in_sip

MESSAGE = sip.read(in_sip(KEEPALIVE))


def key(number: int) -> bytes:
    return key_of(f"192.0.2.{number}", MESSAGE)


def test_a_key_is_short_and_of_one_body_of_one_sender() -> None:
    long = MESSAGE._replace(headers=(("via", "SIP/2.0/UDP a;branch=" + "x" * 15_000), *MESSAGE.headers))
    assert len(key_of("192.0.2.1", long)) == len(key(1)) < 64
    assert key(1) == key_of("192.0.2.1", sip.arrived(MESSAGE, "192.0.2.1", 5060))
    assert len({key(1), key(2), key_of("192.0.2.1", MESSAGE._replace(body=b"x"))}) == 3


def test_a_flood_forgets_nothing_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers_, "ANSWERS", 10)
    answers = Answers()
    answers.begin(key(0), 0.0)
    for number in range(1, 50):
        answers.begin(key(number), 0.1)
        answers.end(key(number), b"200")
    assert (answers.begin(key(0), 0.5), len(answers)) == ((False, None), 9)
    assert answers.begin(key(49), 0.5) == (False, b"200")
    assert answers.begin(key(1), 0.5) == (True, None)
    answers.end(key(0), b"200")
    assert answers.begin(key(0), 0.6) == (False, b"200")
    assert answers.begin(key(0), 100.0) == (True, None)
    assert len(answers) == 1


def test_bytes_of_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers_, "ANSWER_BYTES", 100)
    answers = Answers()
    for number in range(9):
        answers.begin(key(number), 0.1)
        answers.end(key(number), b"x" * 30)
    assert (answers.begin(key(8), 0.2)[0], answers.begin(key(0), 0.2)[0]) == (False, True)
    answers.drop(key(8))
    assert answers.begin(key(8), 0.2)[0]


def test_a_nonce_that_was_used_is_not_good_again_after_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces_, "NONCES", 10)
    nonces = Nonces()
    first = nonces.make("h", 1.0)
    assert [nonces.use(first, "h", 0, 1.0), nonces.use(first, "h", 0, 1.1)] == [Nonce.GOOD, Nonce.REPLAYED]
    for _ in range(10):
        assert nonces.use(nonces.make("h", 1.2), "h", 0, 1.2) is Nonce.GOOD
    assert nonces.use(first, "h", 0, 2.0) is Nonce.STALE
    assert nonces.use(nonces.make("h", 2.0), "h", 0, 2.0) is Nonce.GOOD
