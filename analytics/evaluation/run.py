"""One series through a detector, batch after batch, and what comes out as a file."""

import csv
from pathlib import Path

import numpy as np

from analytics.detectors.detector import Detector, Floats, Kind
from analytics.detectors.hours import hours
from analytics.evaluation.files import Series

BATCH = 500
"""Readings of a batch; how many makes no difference to the scores."""


def scores_of(kind: Kind, series: Series) -> tuple[Floats, Floats]:
    """Scores (n,) and parts (n, parts) of all rows in their order, by a detector that starts with the first of them."""
    detector, count = Detector(kind), len(series.ts)
    scores, parts = np.zeros(count), np.zeros((count, len(kind.parts)))
    for start in range(0, count, BATCH):
        rows = slice(start, start + BATCH)
        ts = series.ts[rows]
        scored = detector.score(np.zeros(len(ts), np.int64), ts, series.value[rows], hours(ts))
        detector.learn(scored)
        scores[rows], parts[rows] = scored.scores, scored.parts
    return scores, parts


def write_scores(out: Path, series: Series, scores: Floats) -> Path:
    """Write out/<category>/<name>.csv with the columns timestamp and anomaly_score, a line for each row."""
    path = out / series.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("timestamp", "anomaly_score"))
        lines.writerows(zip(series.stamps, (f"{score:.9g}" for score in scores.tolist()), strict=True))
    return path
