"""`hub evaluate-video`: the analysis of cameras over labelled clips, as the hub would run it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from app.cli.client import err, fail, out
from app.cli.connection import tell
from app.cli.diagnose import LangOption, language
from app.cli.kind_told import kind_told
from app.cli.undrawn import undrawn
from hub.errors import HubError
from hub.words import Lang, optional, text
from hub.words.sentence import told

if TYPE_CHECKING:
    from analytics.video.evaluation.verdict import Wrong
    from analytics.video.settings import VideoSettings

SHOWN = 5
"""Files that are not read, by name."""


def _named(given: str) -> Path:
    """A path; a variable of the shell that is not set is none, though it would be the current folder."""
    if not given.strip():
        raise typer.BadParameter("it is empty: name a clip, or a folder with clips (. is the current one)")
    return Path(given)


def evaluate_video(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", parser=_named, help="Clips, or one, each with CLIP.json or CLIP.csv beside it."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    kinds: Annotated[str, typer.Option(help="What is looked for where labels have no settings, with commas.")] = "",
    fps: Annotated[float, typer.Option(min=0.5, max=30, help="Frames a second that are analysed.")] = 5.0,
    lang: LangOption = None,
) -> None:
    """Run the analysis of cameras over labelled clips: what it finds, misses and tells of nothing, how soon, the cost.

    Labels: {"events": [{"kind": "freeze", "begin": 10, "end": 20}], "settings": {"zones": ...}}, or the columns
    kind,begin,end as CSV; times are seconds of the clip or 00:00:10. A clip without labels is one in which nothing is
    to be found. Without --kinds, faults of the picture, flames, smoke and the kinds that any label names are looked for
    in every clip; intrusions, crowds and crossings in those that are labelled with them, for they are events only where
    somebody says so. Exit status 1 when a clip cannot be read, or ends early.

    Example:  hub evaluate-video clips --json

    Example:  hub evaluate-video fire.mp4
    """
    from analytics.video.evaluation.folder import clips, unread

    spoken = language(lang or ("en" if as_json else None))
    try:
        base = folder if folder.is_dir() else folder.parent
        files = clips(folder)
        passed_over = [path.relative_to(base).as_posix() for path in unread(folder, files)]
        if passed_over and not as_json:
            tell(_unread(passed_over, spoken))
        result = asyncio.run(_evaluated(files, base, kinds, fps, spoken)) | {"unread": passed_over}
    except (HubError, OSError) as error:
        fail(str(error))
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        _print(result, spoken)
    if any(clip.get("fault") for clip in result["clips"]):
        raise typer.Exit(1)


async def _evaluated(files: list[Path], folder: Path, kinds: str, fps: float, lang: Lang) -> dict[str, Any]:
    from analytics.video.evaluation.folder import labelled
    from analytics.video.evaluation.verdict import Tally, judge, total
    from analytics.video.kinds import ANYWHERE, WHERE_DRAWN
    from analytics.video.settings import read_settings
    from app.cli.clip import analysed

    asked = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    tallies: dict[str, Tally] = {}
    cost: dict[str, float] = {}
    evaluated: list[dict[str, Any]] = []
    frames, seconds = 0, 0.0
    known = labelled(files)  # what is wrong with them is said before the work
    named = {label.kind for _, found in known if found for label in found[0]}
    with Progress(console=err, disable=not sys.stderr.isatty()) as progress:
        for path, found in progress.track(known, description="clips"):
            labels, settings = found or ((), None)
            mine = {label.kind for label in labels}
            if settings is None:
                settings = read_settings({"kinds": asked or sorted(ANYWHERE | (named - WHERE_DRAWN) | mine)})
            result = await analysed(path, settings, fps)
            wrong = judge([label for label in labels if label.kind in settings.kinds], result.findings, tallies)
            evaluated.append(
                {
                    "clip": path.relative_to(folder).as_posix(),
                    "seconds": round(result.seconds, 2),
                    "labelled": found is not None,
                    "wrong": [_wrong(each, lang) for each in wrong],
                    "hints": _hints(mine, settings, lang),
                    "fault": told(result.fault, lang),
                    "damaged": result.damaged,
                }
            )
            frames, seconds = frames + result.frames, seconds + result.seconds
            for name, spent in result.cost.items():
                cost[name] = cost.get(name, 0.0) + spent
    spent = sum(cost.values())
    return {
        "clips": evaluated,
        "seconds": round(seconds, 1),
        "kinds": {kind: tallies[kind].told() for kind in sorted(tallies)},
        "total": total(tallies).told(),
        "cost": {
            "frames": frames,
            "ms_a_frame": {name: round(1000 * value / max(frames, 1), 3) for name, value in sorted(cost.items())},
            "cameras_a_core": round(frames / fps / spent, 1) if spent else None,
            "at_fps": fps,
        },
    }


def _unread(names: list[str], lang: Lang) -> str:
    shown = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
    return text("video.evaluation.unread", lang, count=len(names), names=shown)


def _wrong(each: "Wrong", lang: Lang) -> str:
    told_ = {"kind": kind_told(each.kind, lang), "at": f"{each.t:.1f}"}
    return text(f"video.evaluation.wrong.{each.what}", lang, **told_)


def _hints(kinds: set[str], settings: "VideoSettings", lang: Lang) -> list[str]:
    """What a clip's labels and settings lack to be judged fairly."""
    hints = [
        text("video.evaluation.not_asked", lang, kind=kind_told(kind, lang)) for kind in sorted(kinds - settings.kinds)
    ]
    return hints + [
        text("video.evaluation.undrawn", lang, kind=kind_told(kind, lang), lacks=told(lacks, lang))
        for kind, lacks in undrawn(kinds, settings)
    ]


def _print(result: dict[str, Any], lang: Lang) -> None:
    heads = ("kind", "events", "found", "missed", "false", "median", "worst")
    table = Table(*(text(f"video.evaluation.head.{head}", lang) for head in heads))
    rows = [(kind_told(kind, lang), tally) for kind, tally in result["kinds"].items()]
    for kind, tally in [*rows, (text("video.evaluation.total", lang), result["total"])]:
        delay = tally["delay_s"] or {"median": "", "worst": ""}
        numbers = (tally[name] for name in ("events", "found", "missed", "false"))
        table.add_row(kind, *(str(number) for number in numbers), str(delay["median"]), str(delay["worst"]))
    out.print(table)
    for clip in result["clips"]:
        damaged = [text("video.evaluation.damaged", lang, count=clip["damaged"])] if clip["damaged"] else []
        for line in [*clip["wrong"], *clip["hints"], *damaged, *([clip["fault"]] if clip["fault"] else [])]:
            out.print(f"{clip['clip']}: {line}", soft_wrap=True, highlight=False)
    out.print(_cost(result, lang), soft_wrap=True)


def _cost(result: dict[str, Any], lang: Lang) -> str:
    cost = result["cost"]
    parts = ", ".join(
        f"{optional(f'video.evaluation.cost.{name}', lang) or name} {value:g}"
        for name, value in cost["ms_a_frame"].items()
    )
    return text(
        "video.evaluation.cost", lang, clips=len(result["clips"]), seconds=f"{result['seconds']:g}",
        parts=parts or text("video.evaluation.cost.nothing", lang), fps=f"{cost['at_fps']:g}",
        cameras=cost["cameras_a_core"] or text("video.evaluation.cost.any", lang),
    )  # fmt: skip
