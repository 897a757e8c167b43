"""A picture of a series: its value, its score, the windows of what was unusual, and the alarms."""

from pathlib import Path

import numpy as np

from analytics.detectors.detector import Floats
from analytics.evaluation.files import Series
from hub.errors import HubError


class NoPlots(HubError):
    """matplotlib is not installed: pip install 'ganzhi[plot]', or leave out --plot"""


def plot(path: Path, series: Series, scores: Floats, alarm: float, windows: list[tuple[str, str]]) -> None:
    """Write a PNG of 1600 x 700 pixels; raises NoPlots."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NoPlots from error
    when = series.ts.astype("datetime64[us]")
    figure = Figure(figsize=(16, 7), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(when, series.value, linewidth=0.8, color="#1f4e79")
    below.plot(when, scores, linewidth=0.8, color="#7f7f7f")
    below.axhline(alarm, linewidth=0.8, linestyle="--", color="#c00000")
    alarms = np.flatnonzero(scores >= alarm)
    above.plot(when[alarms], series.value[alarms], "o", markersize=5, color="#c00000")
    for begin, end in windows:
        for axes in (above, below):
            axes.axvspan(np.datetime64(begin[:19]), np.datetime64(end[:19]), color="#ffd966", alpha=0.4, linewidth=0)
    above.set_title(f"{series.name}: {len(alarms)} alarms at a score of {alarm:g}", loc="left")
    above.set_ylabel("value")
    below.set_ylabel("score")
    below.set_ylim(-0.02, 1.02)
    figure.savefig(path)
