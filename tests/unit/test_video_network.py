"""An operator's own network: what its classes mean, what is refused, and what happens when it fails."""

from typing import Any

import numpy as np
import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.network import NetworkDetector
from analytics.video.settings import BadVideoSettings, VideoSettings, read_settings
from analytics.video.view import View
from tests.support.onnx_network import boxes_by_colour

SIDE = 64
LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
FILE = boxes_by_colour(
    SIDE,
    np.array([[0, 0, 32, 32, 0, 0], [32, 32, 64, 64, 0, 1], [0, 20, 30, 60, 0, 2]], np.float32),
    np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32),
)
"""A fire on the left where it is red, two persons where it is blue and green: the one on the left by green."""
CLASSES = {
    0: {"name": "fire", "kind": "flame"},
    1: {"name": "person", "count": "persons"},
    2: {"name": "person lying", "count": "persons"},
}
RED, GREEN = np.full((90, 160, 3), (5, 5, 250), np.uint8), np.full((90, 160, 3), (5, 250, 5), np.uint8)


def settings(**network: Any) -> VideoSettings:
    given = {"file": "fire.onnx", "classes": CLASSES, "output": "boxes", "size": [SIDE, SIDE], **network}
    return read_settings(
        {"kinds": ["flame"], "zones": [{"name": "left", "polygon": LEFT, "kinds": ["flame"]}], "network": given}
    )


def detector(told: VideoSettings, file: bytes = FILE) -> NetworkDetector:
    assert told.network is not None
    return NetworkDetector(told, told.network, file)


def test_a_class_is_a_score_of_its_kind_in_the_zones_that_ask_for_it() -> None:
    scores = detector(settings()).scores(View(0.0, RED))
    assert {key: round(cue.score, 1) for key, cue in scores.items()} == {("flame", "left"): 1.0}
    assert detector(settings()).scores(View(0.0, GREEN))[("flame", "left")].score < 0.1


def test_persons_are_counted_by_zone_and_are_no_event() -> None:
    looking = detector(settings())
    for second in range(62):
        assert {kind for kind, _ in looking.scores(View(float(second), GREEN))} == {"flame"}
    counts = {(one.metric, one.zone): one.value for one in looking.taken()}
    assert counts == {("persons", None): 1.0, ("persons", "left"): 1.0}


def test_it_looks_each_second_only() -> None:
    looking = detector(settings())
    assert looking.scores(View(0.0, RED))
    assert not looking.scores(View(0.9, RED))
    assert looking.scores(View(1.1, RED))
    assert looking.scores(View(0.2, RED))  # the time has gone back


def test_the_surest_of_network_and_detectors_counts() -> None:
    whole = settings(every_s=0.8).model_copy(update={"zones": ()})
    analysis = CameraAnalysis(whole, network=FILE)
    found = [finding for n in range(15) for finding in analysis.see(n / 5, RED)]
    assert [(finding.kind, finding.zone, finding.state) for finding in found] == [("flame", None, "active")]
    assert found[0].cues == {"network": pytest.approx(0.98, abs=0.02)}


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ({0: {"name": "person", "kind": "intrusion"}}, "is a person"),
        ({0: {"name": "hi-vis worker", "kind": "intrusion", "count": "w"}}, "is a person"),
        ({0: {"name": "行人", "kind": "crowd"}}, "is a person"),
        ({0: {"name": "face", "count": "faces"}}, "know persons"),
        ({0: {"name": "license_plate", "count": "plates"}}, "know persons"),
        ({0: {"name": "dog"}}, "means nothing"),
        ({0: {"name": "fire", "kind": "fire"}}, "is not a kind of the scene"),
    ],
)
def test_classes_of_persons_are_counted_at_most(classes: Any, told: str) -> None:
    with pytest.raises(BadVideoSettings, match=told):
        settings(classes=classes)


@pytest.mark.parametrize("file", ["../fire.onnx", "/etc/passwd", "a/b.onnx", "fire.txt", ".onnx"])
def test_a_file_is_a_name_and_no_path(file: str) -> None:
    with pytest.raises(BadVideoSettings, match=r"network\.file"):
        settings(file=file)


@pytest.mark.parametrize("file", [b"", b"no network", FILE[: len(FILE) // 2]])
def test_what_is_no_network_is_refused_when_it_is_loaded(file: bytes) -> None:
    with pytest.raises(BadVideoSettings, match="no ONNX file"):
        detector(settings(), file)


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(BadVideoSettings, match=r"fire\.onnx is not there"):
        CameraAnalysis(settings())


def test_an_output_of_another_form_ends_the_network_and_not_the_camera() -> None:
    told = settings(output="columns", classes={0: {"name": "fire", "kind": "flame"}})
    looking = detector(told)
    assert looking.scores(View(0.0, RED)) == {}
    assert "columns" in str(looking.fault)
    assert looking.scores(View(5.0, RED)) == {}
    analysis = CameraAnalysis(told, network=FILE)
    assert analysis.see(0.0, RED) == []
    assert analysis.fault == looking.fault
