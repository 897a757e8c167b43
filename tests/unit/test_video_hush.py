"""What a child tells of a stream holds none of its passwords, whatever a server says."""

import pytest

from app.video.hush import Hush
from hub.words.sentence import Sentence
from ingest.video.messages import Open, OpenFile

HUSH = Hush(Open(0, "c", "rtsp://10.1.2.3/1?user=me&password=que%2Fry-Pw", ["10.1.2.3"], ("admin", "p:w/ä@1")))


@pytest.mark.parametrize("said", ["p:w/ä@1", "P%3AW%2F%C3%A4%401", "que%2Fry-Pw", "QUE/RY-PW"])
def test_what_a_server_says_again_is_hidden_in_both_languages(said: str) -> None:
    inner = Sentence("camera.failed.no_video", told=f"VIDEO {said}")
    outer = Sentence("camera.failed.picture", told=inner)
    for told in (HUSH.sentence(inner), HUSH.sentence(outer)):
        for text in (str(told), told.told("zh")):
            assert said not in text
            assert "VIDEO ***" in text
    assert HUSH.text(f"KeyError: '{said}'") == "KeyError: '***'"


def test_what_is_no_password_stays() -> None:
    told = Sentence("camera.failed.login", user="'admin'")
    assert HUSH.sentence(told) == told
    assert Hush(Open(0, "c", "rtsp://h/1", [], ("admin", "admin"))).sentence(told) == told
    assert Hush(OpenFile(0, "a?password=x")).sentence(told) is told
