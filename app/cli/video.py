"""`hub video`: what the analysis of video finds in one stream or file."""

import asyncio
import json
import os
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.client import DEFAULT_URL, TokenOption, UrlOption, call, err, fail, out
from app.cli.connection import Verbs, tell
from app.cli.diagnose import LangOption, language
from app.cli.kind_told import kind_told
from app.cli.overlay_progress import written
from app.cli.patrol_status import tell_status
from app.cli.undrawn import undrawn
from app.video import overlay_place
from app.video.check import Wanted, check_file, check_stream
from app.video.patrol import Round, Visited, patrolled
from devices.cameras.camera_url import BadUrlError, CameraUrl, Login, parse_url
from devices.cameras.failure import CameraFailed
from hub.words import Lang, text
from hub.words.sentence import Sentence, told
from ingest.video.itinerary import Stop
from ingest.video.messages import Figures, Found, Measured, Report, Up

SHORT_S = 8.0
"""Of what is shorter, some could not be told even though it is there."""
SHOWN = 20
"""Bad lines of a file that are named."""
COLUMNS = (
    TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
)  # fmt: skip

video = Verbs("See what the analysis of video finds.")


@video.callback()
def _group() -> None:
    """See what the analysis of video finds."""


@video.verb("check")
def check(
    source: Annotated[
        str, typer.Argument(metavar="URL|FILE", help="rtsp://, http:// or https:// (MJPEG, snapshots), or a file.")
    ],
    user: Annotated[str | None, typer.Option("--user", help="A user of the camera.")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="HUB_CAMERA_PASSWORD", help="Its password; with --user and without it, it is asked for."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--settings", "--analysis", exists=True, dir_okay=False, help="Kinds, zones and lines, as JSON."),
    ] = None,
    kinds: Annotated[
        str, typer.Option("--kinds", help="What is looked for instead, with commas; all: everything there is.")
    ] = "",
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=30, help="Frames a second that are looked at.")] = 5.0,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="Of a stream; without it, until Ctrl-C.")
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(
            "--save-overlay",
            dir_okay=False,
            help="A video with what is found framed: browsers play .webm (VP8), players .mp4, .mkv, .avi (MPEG-4).",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON object a line: t, kind, state, score, zone, box; readings: t, metric, value."
        ),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Look at a stream or file, and print what is found as it is found. Exit status 1 when it cannot be read.

    Without --settings and --kinds: faults of the picture, flames and smoke. What else there is means something only
    where a zone, a line or a gauge says so.

    Example:  hub video check rtsp://10.20.1.9/stream2 --user ganzhi --seconds 60

    Example:  hub video check http://10.20.1.10/mjpeg --json

    Example:  hub video check clip.mp4 --kinds flood,object_left

    Example:  hub video check clip.mp4 --settings zones.json --save-overlay found.webm
    """
    spoken = language(lang or ("en" if as_json else None))
    inputs = [Path(source)] if settings is None else [Path(source), settings]
    if overlay is not None and (refused := overlay_place.refused(overlay.absolute(), inputs)) is not None:
        fail(told(refused, spoken))
    wanted = Wanted(fps, _settings(settings, kinds), "" if overlay is None else str(overlay.absolute()))
    began = time.monotonic()
    printing = _Printing(spoken, as_json=as_json, began=began if "://" in source else 0.0, fps=fps)
    failed = ""
    with suppress(KeyboardInterrupt), written(overlay) as printing.frames:
        try:
            asyncio.run(_checked(source, user, password, wanted, seconds, printing))
        except* CameraFailed as errors:
            failed = told(_first(errors), spoken)
        else:
            if "://" in source and not printing.any_read:
                failed = told(Sentence("video.no_picture", seconds=f"{time.monotonic() - began:.0f}"), spoken)
    if overlay is not None:  # of a file that Ctrl-C or its decoder has ended
        overlay_place.beside(overlay.absolute()).unlink(missing_ok=True)
    if not failed or printing.any_read:
        asked = None if as_json or not printing.any_read else wanted.settings
        for line in (*printing.end(time.monotonic() - began), *_looked_for(asked, spoken)):
            tell(told(line, spoken))
    if failed:
        fail(failed)


@video.verb("patrol", asks=lambda given: given["status"] or given["cameras"] is None)
def patrol(
    cameras: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", exists=True, dir_okay=False, help="A camera a line: its name, a blank, its URL."
        ),
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="How far the patrol of the hub itself is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Of --status: one JSON object.")] = False,
    user: Annotated[str | None, typer.Option("--user", help="A user of all of them.")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="HUB_CAMERA_PASSWORD", help="Its password; with --user and without it, it is asked for."),
    ] = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=1000, help="Cameras that are open.")] = 200,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="That read and decode.")] = 2,
    patience: Annotated[float, typer.Option("--patience", min=1, max=120, help="Seconds for a camera to speak.")] = 10,
    memory: Annotated[
        Path | None, typer.Option("--memory", dir_okay=False, help="What is remembered of each place, for next time.")
    ] = None,
    lang: LangOption = None,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
) -> None:
    """Diagnose many cameras in turn (轮巡) from a few frames each: a JSON line a camera, then how long the round took.

    Covered and moved cameras are told from the second round on, against --memory. Lines behind # are passed over.
    Exit status 1 when a camera has shown nothing; faults of pictures are what is looked for, and end with 0.

    With --status: how far the hub is with those that it visits itself (hub cameras add rtsp --patrol).

    Example:  hub video patrol cameras.txt --user ganzhi --memory places.json

    Example:  hub video patrol --status
    """
    if status or cameras is None:
        found = call("GET", "/camera-patrol", url, token).json()
        if as_json:
            typer.echo(json.dumps(found))
        else:
            tell_status(found, language(lang))
        return
    spoken = language(lang or "en")
    if memory is not None and not (memory.parent.is_dir() and os.access(memory.parent, os.W_OK | os.X_OK)):
        fail(told(Sentence("video.memory.folder", path=str(memory.parent)), spoken))
    if user is not None and password is None:
        password = typer.prompt("Password of the cameras", hide_input=True, err=True)
    stops = _stops(cameras, None if user is None else Login(user, password or ""), spoken)
    known = _remembered(memory)
    with Progress(*COLUMNS, console=err, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("cameras", total=len(stops))

        def tell_stop(stop: Visited) -> None:
            why = {} if stop.why is None else {"why": told(stop.why, spoken)}
            shown: dict[str, Any] = {"camera": stop.camera, "state": stop.state, "faults": stop.faults}
            shown |= {"seconds": round(stop.seconds, 2), **why}
            typer.echo(json.dumps(shown, ensure_ascii=False))
            progress.advance(task)

        try:
            summary = asyncio.run(patrolled(stops, Round(at_once, processes, patience), known, tell_stop))
        finally:  # what was learned in an hour outlives Ctrl-C
            if memory is not None:
                _remember(memory, known)
    typer.echo(json.dumps(summary))
    tell(told(_round(summary), spoken))
    raise typer.Exit(1 if summary["failed"] else 0)


def _round(summary: dict[str, float]) -> Sentence:
    """What a round came to."""
    counts = {name: f"{summary[name]:,.0f}" for name in ("cameras", "fine", "faults", "failed")}
    return Sentence("video.patrol.round", **counts, seconds=f"{summary['round_s']:,.1f}")


def _stops(cameras: Path, login: Login | None, spoken: Lang) -> list[Stop]:
    """Of the lines of a file; what is wrong with them is said of all at once, each with its number."""
    stops, wrong = dict[str, Stop](), list[str]()
    try:
        lines = cameras.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        fail(f"{cameras} is no text in UTF-8")
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, where = [*line.split(None, 1), ""][:2]
        try:
            url, own = parse_url("rtsp", where)
            if name in stops:
                wrong.append(f"line {number}: {name} is there twice")
            stops[name] = Stop(name, url, own or login)
        except BadUrlError as error:
            wrong.append(f"line {number}, {name[:100]}: {told(error.sentence, spoken)}")
    if wrong:
        more = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        fail("\n".join(f"{cameras}, {each}" for each in wrong[:SHOWN]) + "".join(f"\n{each}" for each in more))
    return list(stops.values())


def _remember(memory: Path, known: dict[str, bytes]) -> None:
    """Whole or not at all: what an hour has brought outlives a disk that is full."""
    written = memory.with_name(f"{memory.name}.new")
    written.write_text(json.dumps({name: b64encode(each).decode() for name, each in known.items()}), "utf-8")
    written.replace(memory)


def _remembered(memory: Path | None) -> dict[str, bytes]:
    if memory is None or not memory.exists():
        return {}
    try:
        return {str(name): b64decode(each) for name, each in json.loads(memory.read_bytes()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        fail(f"{memory} is none that a patrol has written: {error}")


async def _checked(
    source: str, user: str | None, password: str | None, wanted: Wanted, seconds: float | None, printing: "_Printing"
) -> None:
    if "://" not in source:
        await check_file(Path(source), wanted, printing.take)
        return
    url, login = _url(source, user, password)
    await check_stream(url, login, wanted, seconds, printing.take)


def _url(source: str, user: str | None, password: str | None) -> tuple[CameraUrl, Login | None]:
    if source.lower().startswith("file:"):
        fail(Sentence("video.file_url"))
    try:
        url, login = parse_url("rtsp", source)
    except BadUrlError as error:
        fail(error.sentence)
    if login is not None:
        tell("a password on the command line stands in the list of processes: --user and the prompt keep it out")
    if user is not None:
        given = typer.prompt("Password of the camera", hide_input=True, err=True) if password is None else password
        login = Login(user, given)
    return url, login


def _settings(path: Path | None, kinds: str) -> bytes:
    from analytics.video.kinds import ANYWHERE, KINDS

    given: Any = {"kinds": sorted(ANYWHERE)}
    if path is not None:
        try:
            given = json.loads(path.read_bytes())
        except ValueError as error:
            fail(f"{path} is no JSON: {error}")
    if kinds and isinstance(given, dict):
        given["kinds"] = sorted(KINDS) if kinds == "all" else [kind.strip() for kind in kinds.split(",")]
    return json.dumps(given).encode()


def _shown(up: Up) -> Sentence:
    """What is looked at: a file, or the encoding of a stream."""
    what = Sentence("video.shown.file") if up.encoding == "file" else up.encoding
    return Sentence("video.shown", what=what, width=up.width, height=up.height)


def _looked_for(settings: bytes | None, lang: Lang) -> Iterator[Sentence]:
    """What was looked for, and what of it nobody has said where to look for. `settings`: those that were used."""
    from analytics.video.kinds import KINDS
    from analytics.video.settings import read_settings

    if settings is None:
        return
    used = read_settings(json.loads(settings))
    kinds = (", " if lang == "en" else "、").join(kind_told(kind, lang) for kind in sorted(used.kinds))
    some, whole = Sentence("video.looked_for.some", kinds=kinds), Sentence("video.looked_for", kinds=kinds)
    yield some if KINDS.keys() - used.kinds else whole
    for kind, lacks in undrawn(used.kinds, used):
        yield Sentence("video.undrawn", kind=kind_told(kind, lang), lacks=lacks)


def _first(errors: BaseExceptionGroup[CameraFailed]) -> Any:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found.sentence if isinstance(found, CameraFailed) else str(found)


class _Printing:
    """Prints what is reported, and what it was in all."""

    def __init__(self, lang: Lang, *, as_json: bool, began: float, fps: float) -> None:
        """`began`: what is 0 s, of a stream by the clock that its child tells."""
        self._lang, self._as_json, self._began, self._is_stream = lang, as_json, began, began > 0
        self._fps = fps
        self._found = self._analysed = self._decoded = self._dropped = 0
        self._cpu_s, self._t = 0.0, 0.0
        self.frames: Callable[[int], None] = lambda _: None
        """Called with how many frames were looked at."""

    def take(self, report: Report) -> None:
        """One report of the child."""
        match report:
            case Up():
                if not self._as_json:
                    tell(told(_shown(report), self._lang))
            case Found() if not report.again:
                self._print(report)
            case Measured():
                self._tell(report)
            case Figures():
                self._cpu_s += report.cpu_s
                self._analysed += report.analysed
                self._decoded += report.decoded
                self._dropped += report.dropped
                self.frames(self._analysed)

    def _print(self, found: Found) -> None:
        self._found += 1
        if self._as_json:
            zone: dict[str, Any] = {} if found.zone is None else {"zone": found.zone}
            box: dict[str, Any] = {} if found.box is None else {"box": found.box}
            shown = {
                "t": round(found.t - self._began, 3),
                "kind": found.kind,
                "state": found.state,
                "score": found.score,
                **zone,
                **box,
            }
            typer.echo(json.dumps({**shown, "cues": found.cues}, ensure_ascii=False))
            return
        what = " ".join(filter(None, (kind_told(found.kind, self._lang), found.zone)))
        state, style = text(f"video.state.{found.state}", self._lang), "red" if found.state == "active" else "green"
        line = Text.assemble(f"{found.t - self._began:9.1f} s  ", (f"{state:7}", style), f" {what} {found.score:.2f}")
        out.print(line, soft_wrap=True)

    def _tell(self, measured: Measured) -> None:
        t = round(measured.t - self._began, 3)
        for metric, value in measured.values.items():
            if self._as_json:
                typer.echo(json.dumps({"t": t, "metric": metric, "value": value}))
            else:
                out.print(Text(f"{t:9.1f} s  {metric} {value:g}"), soft_wrap=True)

    @property
    def any_read(self) -> bool:
        """Whether there was a frame."""
        return self._decoded > 0

    def end(self, seconds: float) -> Iterator[Sentence]:
        """What it was in all."""
        frames = {"analysed": self._analysed, "decoded": self._decoded}
        yield Sentence("video.sum", count=self._found, **frames, seconds=f"{seconds:.1f}")
        if self._dropped:
            damaged = Sentence("video.sum.damaged", count=self._dropped)
            yield Sentence("video.sum.dropped", count=self._dropped) if self._is_stream else damaged
        if not self._found and (looked_s := (self._analysed - 1) / self._fps) < SHORT_S:
            yield Sentence("video.sum.short", seconds=f"{max(0.0, looked_s):.1f}")
        if self._analysed:
            yield Sentence("video.sum.cost", ms=f"{1000 * self._cpu_s / self._analysed:.1f}")
