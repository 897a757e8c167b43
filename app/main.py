"""`hub`: the command line of Ganzhi."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from app.cli.connection import ConfigOption, Verbs, found_database
from app.cli.evaluate import evaluate
from app.cli.evaluate_video import evaluate_video
from app.cli.groups import Groups
from app.cli.guards import show_guards
from app.cli.path import show_path
from app.cli.rollups import rollups_anew
from app.cli.rotas import duty
from app.cli.sims import show_sims
from app.cli.terminal import Terminal
from hub.errors import HubError
from hub.settings import load_settings, with_roles
from hub.store.grants import role_of
from hub.store.migrate import migrate as migrate_store
from hub.telemetry import log_to_stderr


class LogLevel(StrEnum):
    """What is logged: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


LogLevelOption = Annotated[
    LogLevel, typer.Option(case_sensitive=False, show_choices=False, help="debug, info, warning or error.")
]
LogJsonOption = Annotated[bool, typer.Option("--log-json", help="One JSON object a line, for a collector.")]

app = Verbs("Ganzhi (感知): the open hub for a city's senses.\n\nStart with:  hub demo", Groups)
app.verb("path")(show_path)
app.verb("guards")(show_guards)
app.verb("sims")(show_sims)
app.verb()(duty)
app.verb()(evaluate)
app.verb("evaluate-video")(evaluate_video)
out, err = Terminal(highlight=False), Terminal(stderr=True, highlight=False)


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except HubError as error:
        _fail(str(error))
    except ExceptionGroup as group:  # from the tasks of `serve`
        known, others = group.split(HubError)
        if known is None or others is not None:
            raise
        _fail("\n".join(str(error) for error in known.exceptions))


def _fail(message: str) -> NoReturn:
    err.print(Text(message, style="red"), soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def demo(
    seconds: Annotated[float | None, typer.Option(min=1, help="End after so many seconds; else with Ctrl-C.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page and the API.")] = 8420,
    data_dir: Annotated[Path | None, typer.Option(help="Where the demo keeps its database and logs.")] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Start from an empty database.")] = False,
) -> None:
    """Show the whole hub with a simulated city of 200 devices: database, broker, hub, page, alerts.

    Example:  hub demo --seconds 30
    """
    from app.demo.run import run_demo  # the demo's servers are not there in a production install

    with _errors_in_words():
        raise typer.Exit(run_demo(seconds, port, data_dir, clean))


@app.command()
def serve(
    config: ConfigOption = None,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes that decode and commit; 0: this one.")] = 0,
    roles: Annotated[str | None, typer.Option(help="direct, or some of edge,worker,api: the bus over Kafka.")] = None,
    log_level: LogLevelOption = LogLevel.INFO,
    log_json: LogJsonOption = False,
) -> None:
    """Run the hub. SIGTERM: take nothing more, commit and settle what was taken, exit within drain_s (10 s).

    What is away by then, such as the database, is waited for 5 s more at most.

    Example:  hub serve --config hub.toml --workers 2

    Example:  hub serve --config hub.toml --roles edge,worker,api
    """
    from app.serve.serve import serve as serve_hub  # the other commands start faster without it
    from app.serve.workers import WorkerOptions

    log_to_stderr(log_level, log_json)
    shared = ["--log-level", log_level, *(["--log-json"] if log_json else [])]
    shared += ["--config", str(config)] if config else []
    with _errors_in_words():
        settings = with_roles(load_settings(config), roles)
        finished = asyncio.run(serve_hub(settings, WorkerOptions(workers, shared) if workers else None))
    raise typer.Exit(0 if finished else 1)


@app.command(hidden=True)
def worker(
    number: Annotated[int, typer.Argument(help="Which worker, from 1.")],
    workers: Annotated[int, typer.Argument(help="Of how many.")],
    socket: Annotated[Path, typer.Argument(help="Where it listens for its parent.")],
    config: ConfigOption = None,
    log_level: LogLevelOption = LogLevel.INFO,
    log_json: LogJsonOption = False,
) -> None:
    """One worker of `hub serve --workers`, which starts it; nothing to call by hand."""
    from app.serve.worker import work

    log_to_stderr(log_level, log_json, f"worker {number}")
    with _errors_in_words():
        finished = asyncio.run(work(load_settings(config), socket, (number, workers)))
    raise typer.Exit(0 if finished else 1)


@app.command()
def migrate(
    config: ConfigOption = None,
    rollups: Annotated[
        bool,
        typer.Option("--rollups", help="Then make rollups anew, where that is left to do; hubs may run meanwhile."),
    ] = False,
) -> None:
    """Bring the database to the newest schema; safe to run twice, and by several hubs at once.

    With database.owner_url it works as that role, the owner of the tables, and grants the role of database.url what a
    hub needs. Rollups that an upgrade makes anew are filled by the hubs, in the background; where their role is another
    one, it is told here that `--rollups` has to.

    Example:  HUB_DATABASE__URL=postgresql://hub@db/ganzhi hub migrate
    """
    with _errors_in_words():
        database = found_database(config).database
        role = role_of(database.url) if database.owner_url else None
        mode = asyncio.run(migrate_store(database.owner_url or database.url, database.mode, role))
        granted = f", with the rights of {role}" if role else ""
        out.print(f"The database is up to date ({mode}){granted}.")
        asyncio.run(rollups_anew(database.owner_url or database.url, role, fill=rollups))


@app.command()
def check(config: ConfigOption = None) -> None:
    """Tell what is reachable, in which version, and which settings would lose messages. Exit status 1 on a failure.

    Example:  hub check --config hub.toml
    """
    from app.check.check import check as check_all

    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}

    async def report() -> bool:
        failed = False
        async for finding in check_all(found_database(config)):
            failed = failed or finding.level == "fail"
            out.print(Text.assemble((f"{finding.level:5}", styles[finding.level]), finding.what), soft_wrap=True)
            if finding.advice:
                out.print(Text(f"      -> {finding.advice}", style="dim"), soft_wrap=True)
        return failed

    with _errors_in_words():
        raise typer.Exit(1 if asyncio.run(report()) else 0)


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
