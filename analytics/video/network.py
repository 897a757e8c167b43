"""An operator's own network (ONNX) that looks at a camera's frames, and what its classes mean to the hub, as data.

Only numbers come out: scores of kinds by zone, and how many things of a class stand in a zone. Boxes are forgotten
with their frame, so nothing is followed. Classes of persons may be counted and nothing else: `Network` refuses more.
"""

import time
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Cue
from analytics.video.measure import Means, Measure
from analytics.video.settings import BadVideoSettings, Network, VideoSettings
from analytics.video.view import Image, View
from hub.words.sentence import Sentence

MOST_BYTES = 64 << 20
"""Of a network's file; its memory is a few times as much, and bounded by that of the child that it runs in."""
MOST_BOXES = 1000
"""Of a frame, the surest; more are noise."""
SLOWEST_S = 1.0
"""Processor seconds that a look may take; after `STRIKES` of them in a row the network is not asked again."""
STRIKES = 3

Floats = NDArray[np.float32]


class NetworkDetector:
    """Looks each `every_s` seconds; faults of the network end it, and not the camera's analysis."""

    name = "network"

    def __init__(self, settings: VideoSettings, asked: Network, file: bytes) -> None:
        """`file`: the ONNX file. Raises BadVideoSettings if it is none."""
        self._asked = asked
        self._net = _loaded(asked.file, file)
        self._kinds = settings.kinds
        self._zones = [(zone.name, np.array(zone.polygon, np.float32), zone.kinds) for zone in settings.zones]
        names = [None, *(name for name, _, _ in self._zones)]
        counts = {one.count for one in asked.classes.values() if one.count}
        self._means = {count: Means(count, names, settings.readings_s) for count in sorted(counts)}
        self._due: float | None = None
        self._strikes = 0
        self.fault: Sentence | None = None
        """Why it is not asked any more."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """That its classes mean."""
        return tuple(sorted({one.kind for one in self._asked.classes.values() if one.kind}))

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """Scores by kind and zone, the surest box of each; nothing between two looks."""
        if self.fault or (self._due is not None and 0 < self._due - view.t <= self._asked.every_s):
            return {}
        self._due = view.t + self._asked.every_s
        boxes = self._looked(view.bgr)
        return {} if boxes is None else self._judged(boxes, view)

    def taken(self) -> Sequence[Measure]:
        """Counts since the last call: means of a minute."""
        return [measure for means in self._means.values() for measure in means.taken()]

    def _looked(self, bgr: Image) -> Floats | None:
        asked, began = self._asked, time.thread_time()
        try:
            blob = cv2.dnn.blobFromImage(bgr, asked.scale, asked.size, asked.mean, asked.rgb, False)
            self._net.setInput(blob)
            out = np.asarray(self._net.forward(), np.float32)
            boxes = _boxes(out, asked)
        except (cv2.error, ValueError) as error:
            self.fault = Sentence("video.network.failed", file=asked.file, error=str(error)[:200])
            return None
        self._strikes = self._strikes + 1 if time.thread_time() - began > SLOWEST_S else 0
        if self._strikes >= STRIKES:
            self.fault = Sentence("video.network.slow", file=asked.file, seconds=f"{SLOWEST_S:g}")
        return boxes

    def _judged(self, boxes: Floats, view: View) -> Mapping[Key, Cue]:
        scores: dict[Key, Cue] = {}
        counts = {(metric, zone): 0 for metric in self._means for zone in (None, *(name for name, _, _ in self._zones))}
        for one in self._asked.classes.values():
            if one.kind in self._kinds:
                asking: list[str | None] = [name for name, _, kinds in self._zones if one.kind in kinds]
                scores |= {(one.kind, name): Cue(0.0, {}) for name in asking or [None]}
        for x, y, score, number in boxes:
            if int(number) not in self._asked.classes:
                continue
            one = self._asked.classes[int(number)]
            inside = [zone for zone in self._zones if cv2.pointPolygonTest(zone[1], (float(x), float(y)), False) >= 0]
            if one.count and score >= self._asked.sure:
                for name in (None, *(name for name, _, _ in inside)):
                    counts[(one.count, name)] += 1
            for key in ((one.kind, None), *((one.kind, name) for name, _, _ in inside)):
                if one.kind and key in scores and score > scores[(one.kind, key[1])].score:
                    scores[(one.kind, key[1])] = Cue(min(float(score), 1.0), {"network": round(float(score), 3)})
        for (metric, name), count in counts.items():
            self._means[metric].take(view.t, name, float(count))
        return scores


def _loaded(name: str, file: bytes) -> cv2.dnn.Net:
    if len(file) > MOST_BYTES:
        raise BadVideoSettings(f"network: {name} has {len(file) >> 20} MiB; {MOST_BYTES >> 20} are the limit")
    try:
        return cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    except cv2.error as error:
        raise BadVideoSettings(f"network: {name} is no ONNX file that OpenCV can run: {str(error)[:200]}") from error


def _boxes(out: Floats, asked: Network) -> Floats:
    """(n, 4): the middle of each box in shares of the picture, its score, its class; the surest, finite ones only."""
    width, height = asked.size
    if asked.output == "classes":
        row = out.reshape(-1)
        found = np.column_stack([np.full((len(row), 2), 0.5, np.float32), row, np.arange(len(row))])
    elif asked.output == "boxes":
        if out.size % 6:
            raise ValueError(f"its output is {out.shape}; `boxes` are rows of x1, y1, x2, y2, score, class")
        rows = out.reshape(-1, 6)
        middle = np.column_stack([(rows[:, 0] + rows[:, 2]) / 2 / width, (rows[:, 1] + rows[:, 3]) / 2 / height])
        found = np.column_stack([middle, rows[:, 4], rows[:, 5]])
    else:
        if out.ndim != 3 or out.shape[0] != 1 or out.shape[1] < 5:
            raise ValueError(f"its output is {out.shape}; `columns` are (1, 4 + classes, boxes)")
        columns = out[0]
        number = columns[4:].argmax(axis=0)
        found = np.column_stack([columns[0] / width, columns[1] / height, columns[4:].max(axis=0), number])
    found = found[np.isfinite(found).all(axis=1)].astype(np.float32)
    found = found[(found[:, 2] > 0) & (np.abs(found[:, 3]) < 1e6)]
    surest: Floats = found[np.argsort(-found[:, 2], kind="stable")[:MOST_BOXES]]
    return surest
