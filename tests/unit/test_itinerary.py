"""In which order a patrol visits cameras (ingest/video/itinerary.py)."""

from collections import Counter

from devices.cameras.camera_url import CameraUrl, Login
from hub.words.sentence import Sentence
from ingest.video.itinerary import Failure, Itinerary, Stop

SILENT = Failure("connect", Sentence("camera.failed.decoder"))
REFUSED = Failure("login", Sentence("camera.failed.login", user="'a'"))
BLANK = Failure("answer", Sentence("camera.failed.no_frames", seconds="10"))
LOGIN = Login("a", "b")


def stops(host: str, count: int) -> list[Stop]:
    return [Stop(f"{host}-{at}", CameraUrl("rtsp", host, 554, ""), LOGIN) for at in range(count)]


def test_a_host_that_is_away_holds_few_places_and_is_given_up() -> None:
    itinerary = Itinerary([*stops("dead", 300), *stops("live", 40)])
    called, most, over = Counter[str](), 0, Counter[str]()
    open_: list[Stop] = []
    while not itinerary.is_over:
        while len(open_) < 20 and (found := itinerary.take()):
            stop, spared = found
            if spared is None:
                open_.append(stop)
                called[stop.url.host] += 1
            elif itinerary.visited(stop, spared) == "over":
                over[stop.url.host] += 1
        most = max(most, sum(stop.url.host == "dead" for stop in open_))
        if open_:
            done = open_.pop(0)
            over[done.url.host] += itinerary.visited(done, SILENT if done.url.host == "dead" else None) == "over"
    assert over == {"dead": 300, "live": 40}
    assert called["live"] == 40
    assert called["dead"] <= 12
    assert most == 4


def test_a_recorder_of_which_many_channels_show_nothing_is_visited_for_the_others() -> None:
    itinerary, seen = Itinerary(stops("recorder", 64)), Counter[str]()
    while found := itinerary.take():
        stop, spared = found
        assert spared is None, "it has answered"
        seen[stop.camera] += 1
        itinerary.visited(stop, BLANK if int(stop.camera.rpartition("-")[2]) < 20 else None)
    assert len(seen) == 64
    assert sum(seen.values()) <= 64 + 20


def test_who_has_not_answered_is_visited_again_behind_all_others() -> None:
    itinerary, told = Itinerary([*stops("a", 1), *stops("b", 2)]), list[str]()
    while found := itinerary.take():
        told.append(found[0].camera)
        itinerary.visited(found[0], SILENT if found[0].camera == "a-0" else None)
    assert told == ["a-0", "b-0", "b-1", "a-0"]
    assert itinerary.is_over


def test_a_login_that_is_refused_is_shown_once_a_host() -> None:
    itinerary = Itinerary(stops("a", 9))
    first, _ = itinerary.take() or (None, None)
    assert first is not None
    assert itinerary.visited(first, REFUSED) == "over"
    spared = []
    while found := itinerary.take():
        spared.append(found[1])
        assert itinerary.visited(*found) == "over"
    assert spared == [REFUSED] * 8


def test_a_camera_during_whose_visit_the_process_ended_is_visited_again_unless_it_was_its_fault() -> None:
    itinerary = Itinerary(stops("a", 2))
    first, second = (found[0] for found in (itinerary.take(), itinerary.take()) if found is not None)
    assert itinerary.visited(first, SILENT._replace(of="crash")) == "over"
    verdicts = [itinerary.visited(second, SILENT._replace(of="reader"))]
    while found := itinerary.take():
        assert found[0] == second
        verdicts.append(itinerary.visited(second, SILENT._replace(of="reader")))
    assert verdicts == ["again", "again", "over"]
