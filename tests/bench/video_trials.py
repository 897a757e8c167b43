"""The events of the scene in trials: hard scenes that are made by kind and seed, and the same on frames of real clips.

Some seeds are those that thresholds were set on, others are held out: both are told.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from analytics.video.camera import CameraAnalysis
from analytics.video.finding import Finding
from analytics.video.settings import read_settings
from tests.support.scenes import FPS, H, Picture, W
from tests.support.trial import Trial
from tests.support.trial_camera import Ground
from tests.support.trials import DANGEROUS, HARMLESS, TUNED
from tests.support.video_clips import frames_of

EARLY_S = 1.0
ON_REAL = ("smoke_near", "fire_near", "fire_night", "bag", "flags", "red_cars", "bus", "walkers")
"""Trials whose place may be anything."""


def looked(trial: Trial) -> tuple[list[Finding], float]:
    """What becomes active, and the processor milliseconds a frame."""
    analysis, found, count = CameraAnalysis(read_settings(dict(trial.settings))), list[Finding](), 0
    for t, frame in trial.frames:
        found += analysis.see(t, frame)
        count += 1
    return [one for one in found if one.state == "active"], 1000 * sum(analysis.cost.values()) / max(count, 1)


class Tally:
    """Of some trials."""

    def __init__(self) -> None:
        self.made, self.found, self.false = Counter[str](), Counter[str](), Counter[str]()
        self.delays: dict[str, list[float]] = {}
        self.wrong: list[str] = []
        self.seconds = 0.0

    def take(self, name: str, trial: Trial, found: list[Finding]) -> None:
        """Judge a trial."""
        self.seconds += trial.seconds
        if trial.kind is not None:
            self.made[name] += 1
            mine = [one.t - trial.begin for one in found if one.kind == trial.kind and one.t >= trial.begin - EARLY_S]
            self.found[name] += bool(mine)
            self.delays.setdefault(name, []).extend(mine[:1])
            if not mine:
                self.wrong.append(f"{name}: missed")
        for one in found:
            right = one.kind == trial.kind and one.t >= trial.begin - EARLY_S
            if not right and one.kind not in trial.also:
                self.false[one.kind] += 1
                self.wrong.append(f"{name}: {one.kind} at {one.t:.0f} s")

    def told(self) -> Mapping[str, Any]:
        """As JSON."""
        by_kind = {
            name: f"{self.found[name]}/{made}"
            + (f", {np.median(self.delays[name]):.1f} s" if self.delays[name] else "")
            for name, made in self.made.items()
        }
        return {
            "found": f"{self.found.total()}/{self.made.total()}", "by_kind": by_kind, "false": dict(self.false),
            "minutes": round(self.seconds / 60), "wrong": self.wrong,
        }  # fmt: skip


def ground_of(clip: Path) -> Ground:
    """What a real camera saw, to and fro."""
    frames = [cv2.resize(frame, (W, H), interpolation=cv2.INTER_AREA).astype(np.float32) for frame in frames_of(clip)]
    there = [*frames, *frames[-2:0:-1]]

    def ground(t: float) -> Picture:
        now: Picture = there[round(t * FPS) % len(there)]
        return now

    return ground


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="./run bench video-trials", description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path, help="real clips without smoke and flames, as places")
    parser.add_argument("--seeds", type=int, default=4, help="of each kind")
    parser.add_argument("--only", help="kinds of trials, with commas")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    cv2.setNumThreads(0)
    names = given.only.split(",") if given.only else [*DANGEROUS, *HARMLESS]
    places: dict[str, Ground | None] = {"": None, **{clip.stem: ground_of(clip) for clip in given.clips}}
    tallies = {"tuned on": Tally(), "held out": Tally(), "on real frames": Tally()}
    costs: list[float] = []
    for name in names:
        make = {**DANGEROUS, **HARMLESS}[name]
        for place, ground in places.items():
            if ground is not None and name not in ON_REAL:
                continue
            for seed in range(2, 2 + given.seeds):
                trial = make(seed, ground)
                found, cost = looked(trial)
                costs.append(cost)
                of = "on real frames" if ground else "tuned on" if seed in TUNED else "held out"
                tallies[of].take(f"{name} {seed} {place}".strip(), trial, found)
    told: dict[str, Any] = {name: tally.told() for name, tally in tallies.items()}
    told["ms_a_frame"] = round(float(np.mean(costs)), 2)
    sys.stdout.write((json.dumps(told) if given.json else json.dumps(told, indent=1)) + "\n")


if __name__ == "__main__":
    main()
