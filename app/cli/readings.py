"""`hub readings`: history from files, with a progress bar."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.connection import ConfigOption, Verbs, found_database
from app.cli.terminal import Terminal
from hub.errors import HubError, StoreUnavailable, Superseded
from hub.settings import Settings

if TYPE_CHECKING:
    from ingest.history.importer import Result, Wanted

readings = Verbs("Bring in history.")
out, err = Terminal(highlight=False), Terminal(stderr=True, highlight=False)


@readings.callback()
def _group() -> None:
    """Bring in history."""


@readings.verb("import")
def import_readings(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV with a header, or Parquet.")],
    config: ConfigOption = None,
    device: Annotated[str | None, typer.Option(help="All rows are of this device.")] = None,
    metric: Annotated[str | None, typer.Option(help="All values are of this metric.")] = None,
    device_column: Annotated[str | None, typer.Option(help="Default: device.")] = None,
    metric_column: Annotated[str | None, typer.Option(help="Default: metric.")] = None,
    time_column: Annotated[str | None, typer.Option(help="Default: ts, timestamp, time or datetime.")] = None,
    value_column: Annotated[str | None, typer.Option(help="Default: value.")] = None,
    ignore_column: Annotated[list[str] | None, typer.Option(help="Not a metric, in the wide form; repeatable.")] = None,
    time_unit: Annotated[str | None, typer.Option(help="Times are numbers since 1970: s, ms or us.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times without one, as Asia/Shanghai; else the device's.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between the cells of a CSV file; \\t for a tab; else as the header has it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, store nothing.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Store what is good, report the rest.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Read a file from its beginning that was imported.")] = False,
) -> None:
    """Store the readings of files: checked as a whole first, then stored; what is stored already stays as it is.

    Three forms: device,metric,ts,value; or ts,device and a column for each metric; or timestamp,value with
    --device and --metric. An import that was ended, in whatever way, goes on where it was when it is run again.
    Bad rows are told in FILE.errors.csv; then nothing is stored, unless --skip-bad. Imported readings raise no alerts.

    Example:  hub readings import 2025.parquet
    Example:  hub readings import lane.csv --device lane-7 --metric occupancy --zone Asia/Shanghai
    """
    from ingest.history.importer import Wanted  # numpy and pyarrow take their time; --help does not need them
    from ingest.history.layout import Naming

    try:
        if time_unit not in (None, "s", "ms", "us"):
            raise typer.BadParameter("is one of s, ms, us", param_hint="--time-unit")
        delimiter = delimiter and delimiter.replace("\\t", "\t")
        if delimiter is not None and len(delimiter) != 1:
            raise typer.BadParameter("is one character", param_hint="--delimiter")
        naming = Naming(
            device, metric, device_column, metric_column, time_column, value_column, tuple(ignore_column or ())
        )
        wanted = Wanted(naming, time_unit, ZoneInfo(zone) if zone else None, delimiter, skip_bad, dry_run, again)
        asyncio.run(_import(files, wanted, found_database(config)))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--zone") from error
    except HubError as error:
        err.print(Text(str(error), style="red"), soft_wrap=True)
        if isinstance(error, StoreUnavailable | Superseded):
            err.print("Run the same command again: it goes on where it was.")
        raise typer.Exit(1) from error


async def _import(files: Sequence[Path], wanted: "Wanted", settings: Settings) -> None:
    from devices.registry.registry import Registry
    from hub.audit.entry import Entry, write
    from hub.store.pool import open_pool
    from hub.store.schema import check_schema
    from ingest.history.importer import Importer

    await check_schema(settings.database.url)
    async with open_pool(settings.database) as pool:
        registry = Registry()
        await registry.refresh(pool)
        for path in files:
            if not wanted.dry_run:
                async with pool.connection() as conn:
                    await write(conn, Entry("command line", "readings.import", path.name))
            with _bar() as bar:
                task = bar.add_task(f"{path.name}: reading", total=1.0, rows=0)

                def tell(doing: str, share: float, rows: int) -> None:
                    bar.update(task, description=f"{path.name}: {doing}", completed=share, rows=rows)  # noqa: B023

                result = await Importer(pool, registry, tell).run(path, wanted)
                seconds = bar.tasks[task].elapsed or 0.0
            out.print(_told(path, wanted, result, seconds), soft_wrap=True)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} readings"),
        _Rate(),
        TimeRemainingColumn(),
        console=err,
    )


class _Rate(TextColumn):
    """Readings per second since the progress bar appeared."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: "object") -> Text:
        rows, elapsed = task.fields["rows"], task.elapsed or 0.0  # type: ignore[attr-defined]
        return Text(f"{rows / elapsed:,.0f}/s" if elapsed else "")


def _told(path: Path, wanted: "Wanted", result: "Result", seconds: float) -> Text:
    progress = result.progress
    if result.done_before:
        return Text(f"{path}: was imported already, at {progress.finished_at:%Y-%m-%d %H:%M:%S}; nothing changed.")
    bad = f", {progress.bad:,} bad rows (see {path}.errors.csv)" if progress.bad else ""
    if wanted.dry_run:
        return Text(f"{path}: {progress.readings:,} readings could be imported{bad}; nothing was stored.")
    there = progress.readings - progress.stored
    other = f"; {progress.conflicting:,} with another value than the one kept" if progress.conflicting else ""
    resumed = f"; went on after line {result.resumed:,}" if result.resumed else ""
    compressed = f"; {result.compressed} chunks compressed" if result.compressed else ""
    return Text(
        f"{path}: {progress.readings:,} readings, {progress.stored:,} new, {there:,} there before{other}{bad}"
        f"{resumed}{compressed}; {seconds:.1f} s."
    )
