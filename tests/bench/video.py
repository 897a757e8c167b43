"""The analysis of video against its targets: faults found, false alarms, flames, cost, decoding, and a patrol.

./run bench video [CLIP...] [--json]    without clips: those of HUB_VIDEO_CLIPS, or of ../shared/video

Each fault (11 kinds in 3 strengths) begins after 12 s of clean footage and lasts for 14 s. The clean hour is the clips
to and fro, with noise and an exposure that drifts and steps, and streets that are made up, by day and night in all
weathers; faults and events of the scene are looked for in it together, which is what the cost is of. Flame and smoke
are looked for in the clips as they are, and in the clean hour in those that do not burn. Labels beside a clip tell what
burns in it, as for `hub evaluate-video`. Decoding is of the first clip, coded anew by ffmpeg, if that is there.

`targets` of the JSON object is the table: what, value, unit, at_least, aim, reached (aim, least, missed, stated,
not measured). The rest is what it comes from: `faults`, `clean` (false alarms of all kinds, by kind and one by one),
`flame_delay_s` and `burning_told_of_nothing` by clip, `cost` (ms a frame by detector), `with_decoding`, `patrol`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import cv2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from analytics.video.camera import CameraAnalysis
from analytics.video.evaluation.folder import CLIPS
from analytics.video.evaluation.labels import labels_of
from analytics.video.finding import Finding
from analytics.video.kinds import QUALITY
from analytics.video.settings import VideoSettings
from analytics.video.view import Image
from tests.support.video_clips import frames_of, to_and_fro, under_other_light
from tests.support.video_decoding import with_decoding
from tests.support.video_faults import FAULTS, STRENGTHS, faulty
from tests.support.video_scenes import FPS
from tests.support.video_targets import Target, targets
from tests.support.video_weather import WEATHERS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "video"
CLEAN_S, FAULT_S = 12.0, 14.0
T = TypeVar("T")
BURNING = frozenset({"flame", "smoke"})
NOTHING = frozenset(QUALITY) | BURNING | {"object_left", "object_removed", "flood"}
"""Kinds of which there is nothing in clean footage. Cars there are, so that intrusions and crowds are none."""


def seen(frames: Iterable[tuple[float, Image]], settings: VideoSettings, cost: Counter[str]) -> list[Finding]:
    """What becomes active."""
    analysis, found, count = CameraAnalysis(settings), [], 0
    for t, frame in frames:
        found += analysis.see(t, frame)
        count += 1
    cost.update(analysis.cost)
    cost["frames"] += count
    return [finding for finding in found if finding.state == "active"]


class Bar:
    """How far it is, on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def of(self, what: str, things: Iterable[T], total: int) -> Iterable[T]:
        """Things, one after another."""
        return self._progress.track(things, total, description=what)


def faults(clips: dict[str, list[Image]], variants: int, cost: Counter[str], bar: Bar) -> dict[str, Any]:
    """Found, by kind; what else was told of them; how long it took."""
    made, found, delays = Counter[str](), Counter[str](), []
    wrong: list[str] = []
    cases = [(kind, name, strength, seed) for kind in FAULTS for name in clips for strength in STRENGTHS
             for seed in range(variants)]  # fmt: skip
    for kind, name, strength, seed in bar.of("faults", cases, len(cases)):
        clean = to_and_fro(clips[name], CLEAN_S + FAULT_S)
        told = seen(faulty(clean, kind, strength, CLEAN_S, seed), VideoSettings(), cost)
        mine = [finding.t - CLEAN_S for finding in told if finding.kind == kind and finding.t >= CLEAN_S]
        made[kind] += 1
        found[kind] += bool(mine)
        delays += mine[:1]
        others = sorted({finding.kind for finding in told} - {kind})
        if others or not mine:
            said = "found" if mine else "missed"
            wrong.append(" ".join((kind, str(strength), name, str(seed), said, *others)))
    return {
        "made": made.total(), "share": round(found.total() / made.total(), 4),
        "by_kind": {kind: f"{found[kind]}/{made[kind]}" for kind in FAULTS},
        "delay_s": {"median": sorted(delays)[len(delays) // 2], "worst": round(max(delays), 1)} if delays else None,
        "wrong": wrong,
    }  # fmt: skip


def clean(
    clips: dict[str, list[Image]], minutes: float, burning: Iterable[str], cost: Counter[str], bar: Bar
) -> dict[str, Any]:
    """What is told of footage in which there is nothing to tell; half of it is the clips."""
    seconds = 60 * minutes
    wrong: list[str] = []
    kinds = Counter[str]()
    sources: dict[str, Any] = {
        f"{name} {seed}": under_other_light(frames, seconds / 4 / len(clips), seed)
        for name, frames in clips.items()
        for seed in (1, 2)
    }
    sources |= {name: weather(seconds / 2 / len(WEATHERS), 5) for name, weather in WEATHERS.items()}
    for name, frames in bar.of("clean footage", sources.items(), len(sources)):
        burns = any(name.startswith(clip) for clip in burning)
        for finding in seen(frames, VideoSettings(kinds=NOTHING - BURNING if burns else NOTHING), cost):
            wrong.append(f"{name}: {finding.kind} at {finding.t:.0f} s")
            kinds[finding.kind] += 1
    per_hour = {kind: round(60 * count / minutes, 1) for kind, count in sorted(kinds.items())}
    return {"minutes": minutes, "false": len(wrong), "false_an_hour": per_hour, "wrong": wrong}


def burning(paths: list[Path], clips: dict[str, list[Image]]) -> tuple[dict[str, float | None], dict[str, int]]:
    """In clips that burn, seconds from the begin of the flames until one is told (None: never); in others, how many
    flames and smokes are told.
    """
    delays: dict[str, float | None] = {}
    told: dict[str, int] = {}
    for path in paths:
        labels, _ = labels_of(path) or ((), None)
        begins = sorted(label.begin for label in labels if label.kind == "flame")
        frames = ((number / FPS, frame) for number, frame in enumerate(clips[path.stem]))
        found = seen(frames, VideoSettings(kinds=BURNING), Counter())
        if begins:
            first = (one.t - begins[0] for one in found if one.kind == "flame" and one.t >= begins[0] - 1)
            delays[path.stem] = next((round(delay, 1) for delay in first), None)
        elif not any(label.kind in BURNING for label in labels):
            told[path.stem] = len(found)
    return delays, told


def patrol(cameras: int) -> dict[str, Any]:
    """What `./run bench patrol` tells."""
    asked = (sys.executable, "-m", "tests.bench.patrol", "--cameras", str(cameras), "--json")
    told: dict[str, Any] = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    return told


def cost_of(cost: Counter[str]) -> dict[str, Any]:
    """Processor time beyond decoding."""
    frames = cost.pop("frames", 0)
    spent = {name: round(1000 * value / max(frames, 1), 3) for name, value in cost.items()}
    whole = sum(cost.values())
    return {"ms_a_frame": spent, "cameras_a_core_at_5_fps": round(frames / FPS / whole, 1) if whole else None}


def given_clips(paths: list[Path]) -> list[Path]:
    """Those that were named, or those of a folder; ends with a sentence where there is none."""
    folder = Path(os.environ.get("HUB_VIDEO_CLIPS") or SHARED)
    if not paths and folder.is_dir():
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIPS)
    lacking = [str(path) for path in paths if not path.is_file()]
    if lacking or not paths:
        why = f"there is no {lacking[0]}" if lacking else f"there are no clips in {folder}"
        sys.exit(
            f"{why}: name recordings of fixed cameras (./run bench video CLIP...), or the folder that holds them in "
            "HUB_VIDEO_CLIPS; flames are labelled beside a clip as docs/VIDEO.md tells"
        )
    return paths


def show(told: dict[str, Any], lines: list[Target]) -> None:
    """The table, and what is behind it."""
    table = Table(title="analysis of video")
    for name in ("what", "measured", "at least", "aim", "reached"):
        table.add_column(name, justify="left" if name == "what" else "right", overflow="fold")
    for line in lines:
        limits = ("-" if limit is None else f"{limit:g}" for limit in (line.least, line.aim))
        value = "-" if line.value is None else f"{line.value} {line.unit}"
        table.add_row(line.what, value, *limits, line.reached)
    Console().print(table)
    rest = {name: value for name, value in told.items() if name != "targets"}
    sys.stdout.write(json.dumps(rest, indent=1) + "\n")


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(
        prog="./run bench video", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path, help="real clips of fixed cameras")
    parser.add_argument("--minutes", type=float, default=60, help="of clean footage")
    parser.add_argument("--variants", type=int, default=2, help="of each fault and strength, on each clip")
    parser.add_argument("--only-clean", action="store_true", help="clean footage, flames and cost alone")
    parser.add_argument("--patrol", type=int, default=4000, metavar="CAMERAS", help="that are visited; 0: none")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    paths = given_clips(given.clips)
    cv2.setNumThreads(0)
    began = time.process_time()
    console = Console(stderr=True)
    costs: Counter[str] = Counter()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = Bar(progress)
        clips = {path.stem: frames_of(path) for path in bar.of("reading clips", paths, len(paths))}
        delays, of_nothing = burning(paths, clips)
        told: dict[str, Any] = {"flame_delay_s": delays, "burning_told_of_nothing": of_nothing}
        if not given.only_clean:
            told["faults"] = faults(clips, given.variants, costs, bar)
            told["cost_of_faults"] = cost_of(costs)
        costs = Counter()
        told["clean"] = clean(clips, given.minutes, delays, costs, bar)
        told["cost"] = cost_of(costs)
        if not given.only_clean:
            told["with_decoding"] = with_decoding(paths[0], NOTHING)
            told["processor_s"] = round(time.process_time() - began)
            if given.patrol:
                for _ in bar.of("a patrol, some two minutes", range(1), 1):
                    told["patrol"] = patrol(given.patrol)
    lines = targets(told)
    told = {"targets": [line.told() for line in lines], **told}
    if given.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        show(told, lines)


if __name__ == "__main__":
    main()
