"""Faults of the picture that are made from real clips: what is found, what is told of clean footage, and what it costs.

Each fault (11 kinds in 3 strengths) begins after 12 s of clean footage and lasts for 14 s. The clean hour is the clips
to and fro, with noise and an exposure that drifts and steps, and streets that are made up, by day and night in all
weathers; faults and events of the scene are looked for in it together, which is what the cost is of. Flame and smoke
are looked for in the clips as they are, and in the clean hour in those that do not burn.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2

from analytics.video.camera import CameraAnalysis
from analytics.video.detectors import ALL
from analytics.video.finding import Finding
from analytics.video.kinds import QUALITY
from analytics.video.settings import VideoSettings
from analytics.video.view import Image
from tests.support.video_clips import frames_of, to_and_fro, under_other_light
from tests.support.video_faults import FAULTS, STRENGTHS, faulty
from tests.support.video_scenes import FPS
from tests.support.video_weather import WEATHERS

CLEAN_S, FAULT_S = 12.0, 14.0
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


def faults(clips: dict[str, list[Image]], variants: int, cost: Counter[str]) -> dict[str, Any]:
    """Found, by kind; what else was told of them; how long it took."""
    made, found, delays = Counter[str](), Counter[str](), []
    wrong: list[str] = []
    for kind in FAULTS:
        for name, frames in clips.items():
            for strength in STRENGTHS:
                for seed in range(variants):
                    clean = to_and_fro(frames, CLEAN_S + FAULT_S)
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


def clean(clips: dict[str, list[Image]], minutes: float, burning: Iterable[str], cost: Counter[str]) -> dict[str, Any]:
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
    for name, frames in sources.items():
        burns = any(name.startswith(clip) for clip in burning)
        for finding in seen(frames, VideoSettings(kinds=NOTHING - BURNING if burns else NOTHING), cost):
            wrong.append(f"{name}: {finding.kind} at {finding.t:.0f} s")
            kinds[finding.kind] += 1
    per_hour = {kind: round(60 * count / minutes, 1) for kind, count in sorted(kinds.items())}
    return {"minutes": minutes, "false": len(wrong), "false_an_hour": per_hour, "wrong": wrong}


def burning(paths: list[Path], clips: dict[str, list[Image]], cost: Counter[str]) -> dict[str, Any]:
    """When flame or smoke was first found in each clip."""
    if not any(BURNING.intersection(make(VideoSettings()).kinds) for make in ALL.values()):
        return {}
    told = {}
    for path in paths:
        frames = ((number / FPS, frame) for number, frame in enumerate(clips[path.stem]))
        found = seen(frames, VideoSettings(kinds=BURNING), cost)
        when = {kind: round(min((one.t for one in found if one.kind == kind), default=-1.0), 1) for kind in BURNING}
        told[path.stem] = {kind: None if t < 0 else t for kind, t in sorted(when.items())}
    return told


def cost_of(cost: Counter[str]) -> dict[str, Any]:
    """Processor time beyond decoding."""
    frames = cost.pop("frames", 0)
    spent = {name: round(1000 * value / max(frames, 1), 3) for name, value in cost.items()}
    whole = sum(cost.values())
    return {"ms_a_frame": spent, "cameras_a_core_at_5_fps": round(frames / FPS / whole, 1) if whole else None}


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="./run bench video", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, help="real clips of fixed cameras")
    parser.add_argument("--minutes", type=float, default=60, help="of clean footage")
    parser.add_argument("--variants", type=int, default=2, help="of each fault and strength, on each clip")
    parser.add_argument("--only-clean", action="store_true", help="without the faults")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    cv2.setNumThreads(0)
    began = time.process_time()
    clips = {path.stem: frames_of(path) for path in given.clips}
    costs: Counter[str] = Counter()
    told: dict[str, Any] = {"burning": burning(given.clips, clips, Counter())}
    burns = [name for name, when in told["burning"].items() if any(t is not None for t in when.values())]
    if not given.only_clean:
        told["faults"] = faults(clips, given.variants, costs)
        told["cost_of_faults"] = cost_of(costs)
    costs = Counter()
    told["clean"] = clean(clips, given.minutes, burns, costs)
    told["cost"] = cost_of(costs)
    told["processor_s"] = round(time.process_time() - began)
    sys.stdout.write((json.dumps(told) if given.json else json.dumps(told, indent=1)) + "\n")


if __name__ == "__main__":
    main()
