"""How far a copy with what is found drawn in has come, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.cli.client import err

COLUMNS = (
    SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:.0f} frames"), TimeElapsedColumn(),
)  # fmt: skip


@contextmanager
def written(overlay: Path | None) -> Iterator[Callable[[int], None]]:
    """Show it while it is written; called with how many frames there are. Nothing is shown where nobody looks."""
    with Progress(
        *COLUMNS, console=err, transient=True, disable=overlay is None or not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task("" if overlay is None else overlay.name, total=None)
        yield lambda frames: progress.update(task, completed=frames)
