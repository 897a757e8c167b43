"""The excess of labelled files, beside their neighbours: files of a folder are of one kind, and may have places."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from analytics.detection.neighbours import Kin, neighbourhood_of
from analytics.detectors.beside import Company
from analytics.detectors.detector import Floats
from analytics.detectors.hours import hours
from analytics.evaluation.files import Series
from devices.places.nearest import Places

TOGETHER = ("excess", "unshared")
"""Detectors that are followed for all files of a folder at once; their signals are no scores."""
ALARM_AT = 2.0
"""Twice as far as ever: there the shipped rules begin, and the score is 0.99."""

Place = tuple[float, float]


def folders_of(series: Sequence[Series]) -> list[list[Series]]:
    """Files by their folders."""
    found: dict[str, list[Series]] = {}
    for each in series:
        found.setdefault(PurePosixPath(each.name).parent.as_posix(), []).append(each)
    return list(found.values())


def scores_together(detector: str, series: Sequence[Series], places: Mapping[str, Place]) -> list[Floats]:
    """Scores (n,) of each file: 1 - 0.01 ** (signal / 2).

    Places are degrees (longitude, latitude) by the name of a file; those without one have no neighbours, and are none.
    """
    nowhere = (np.nan, np.nan)
    lon, lat = np.array([places.get(each.name, nowhere) for each in series], np.float64).T
    ids = np.arange(len(series))
    company = Company(neighbourhood_of([Kin(ids, Places(ids, lon, lat))]).near)
    of = np.repeat(ids, [len(each.ts) for each in series]).astype(np.int32)
    ts, value = (np.concatenate([getattr(each, name) for each in series]) for name in ("ts", "value"))
    rows = np.flatnonzero(np.isfinite(value))
    rows = rows[np.lexsort((rows, ts[rows]))]
    told = getattr(company.tell(of[rows], ts[rows], value[rows], hours(ts[rows])), detector)
    signal = np.zeros(len(ts))
    signal[rows] = np.nan_to_num(told)
    return np.split(1.0 - 0.01 ** (signal / ALARM_AT), np.cumsum([len(each.ts) for each in series])[:-1])
