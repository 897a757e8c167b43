"""Who is heard through a network is noted again and again, so that the one that heard it last is known."""

import pytest

from ingest.networks.listening import AGAIN, Heard


def test_a_device_that_is_still_heard_is_noted_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_767_225_600_000_000
    monkeypatch.setattr("ingest.networks.listening.time.time_ns", lambda: now * 1000)
    heard = Heard()
    heard.note("eui", "app")
    assert heard.take()[1] == {"eui": "app"}
    now += AGAIN - 1
    heard.note("eui", "app")
    assert heard.take()[1] == {}, "it was noted a moment ago"
    now += 1
    heard.note("eui", "app")
    assert heard.take()[1] == {"eui": "app"}
    heard.note("eui", "other")
    assert heard.take()[1] == {"eui": "other"}
    now -= 1
    heard.note("eui", "other")
    assert heard.take()[1] == {"eui": "other"}, "a clock that goes back hides nothing"
