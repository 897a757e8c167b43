"""`hub evaluate`: a detector over labelled files, as the hub would run it."""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.client import err, fail, out
from hub.errors import HubError

if TYPE_CHECKING:
    from analytics.detectors.detector import Floats
    from analytics.evaluation.files import Series

ALARM = 0.99


def evaluate(
    data_dir: Annotated[Path, typer.Argument(help="Folder with <category>/<name>.csv: timestamp,value.")],
    results: Annotated[Path, typer.Option("--out", help="Folder for <category>/<name>.csv: timestamp,anomaly_score.")],
    detector: Annotated[str, typer.Option(help="The ensemble, or one detector alone.")] = "ensemble",
    plots: Annotated[bool, typer.Option("--plot", help="A picture (PNG) of each file beside its scores.")] = False,
    alarm: Annotated[float, typer.Option(min=0, max=1, help="The score that counts as an alarm.")] = ALARM,
    windows: Annotated[
        Path | None, typer.Option(help="What was unusual, as JSON; DATA_DIR/windows.json if it is there.")
    ] = None,
) -> None:
    """Run a detector over labelled files, exactly as the hub runs it, and write its scores.

    Scores are of each file by itself, as in the hub. `excess` and `unshared` are its signals, as scores that
    are 0.99 at twice as far as ever: of `unshared`, files of a folder whose places stand in places.json
    ({"category/name.csv": [lon, lat]}) are neighbours.

    Example:  hub evaluate nab/data --detector ensemble --out results --plot
    """
    from analytics.detectors.kinds import KINDS  # compiles: the other commands start faster without it
    from analytics.evaluation.company import TOGETHER, folders_of, scores_together
    from analytics.evaluation.files import read_places, read_series, read_windows, series_files
    from analytics.evaluation.numenta import benchmark, judged
    from analytics.evaluation.plot import plot
    from analytics.evaluation.run import scores_of, write_scores

    if detector not in (*KINDS, *TOGETHER):
        fail(f"there is no detector {detector!r}; name one of {', '.join((*KINDS, *TOGETHER))}")
    alarms = rows = 0
    verdicts = []
    scored: Iterator[tuple[Series, Floats]]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    try:
        files = series_files(data_dir)
        labelled = read_windows(windows or data_dir / "windows.json")
        with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as progress:
            if detector in KINDS:
                every = (read_series(data_dir, path) for path in files)
                scored = ((each, scores_of(KINDS[detector], each)[0]) for each in every)
            else:
                folders = folders_of([read_series(data_dir, path) for path in files])
                places = read_places(data_dir / "places.json")
                pairs = (zip(some, scores_together(detector, some, places), strict=True) for some in folders)
                scored = chain.from_iterable(pairs)
            for series, scores in progress.track(scored, total=len(files), description=detector):
                written = write_scores(results, series, scores)
                if plots:
                    plot(written.with_suffix(".png"), series, scores, alarm, labelled.get(series.name, []))
                if series.name in labelled:
                    verdicts.append(judged(series, scores, labelled[series.name]))
                alarms, rows = alarms + int((scores >= alarm).sum()), rows + len(scores)
    except (HubError, OSError) as error:
        fail(str(error))
    out.print(f"{len(files)} files, {rows:,} readings, {alarms:,} alarms at {alarm:g}: {results}", soft_wrap=True)
    if any(verdict.windows for verdict in verdicts):
        lines = (f"{name} {score:.2f} (at {least:.4g})" for name, (score, least) in benchmark(verdicts).items())
        out.print(f"Numenta score of {len(verdicts)} files: {', '.join(lines)}", soft_wrap=True)
