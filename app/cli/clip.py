"""A clip through the analysis, in a process of its own: `python -m app.cli.clip FILE FPS`, settings on stdin.

A decoder may abort its process on a damaged file: then the clip has failed, and nothing else has.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics.video.finding import Finding
from analytics.video.settings import VideoSettings, read_settings
from app.video.silence import silence
from hub.children import Command, Limits, child
from hub.words.sentence import Sentence, stored, written

LIMITS = Limits(memory_bytes=2 << 30)
"""Enough for frames of 8K."""
MOST_LOST = 0.05
"""Of the frames of a clip: with more of them left out it is not told as read."""
SILENT_S = 60.0
"""A decoder that tells nothing for so long has hung."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What became of a clip."""

    findings: list[Finding]
    seconds: float
    frames: int
    """That were analysed."""
    cost: dict[str, float]
    """Processor seconds by detector, without decoding."""
    fault: str | None
    """Why it ended before its end, if it did."""
    damaged: int = 0
    """Frames that were decoded with errors, or left out."""


async def analysed(clip: Path, settings: VideoSettings, fps: float) -> Analysed:
    """Analyse a file from its first to its last frame."""
    command = Command([sys.executable, "-m", "app.cli.clip", clip, str(fps)], LIMITS, output=asyncio.subprocess.PIPE)
    lines: list[Any] = []
    async with child(command) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a child without pipes")
        process.stdin.write(settings.model_dump_json().encode() + b"\n")
        try:
            while line := await asyncio.wait_for(process.stdout.readline(), SILENT_S):
                lines.append(json.loads(line))
            code = await process.wait()
        except TimeoutError:
            code = None
    findings = [Finding(**line) for line in lines if "kind" in line]
    far: dict[str, Any] = {"seconds": 0.0, "frames": 0, "cost": {}}
    last = next((line for line in reversed(lines) if "frames" in line), far)
    fault = fault_of(code) or (stored(*why) if (why := last.get("fault")) else None)
    return Analysed(findings, last["seconds"], last["frames"], last["cost"], fault, last.get("damaged", 0))


def fault_of(status: int | None) -> Sentence | None:
    """What a process says that ended with a status: none while it hung, below 0 by a signal."""
    if status is None:
        return Sentence("video.file.hung", seconds=f"{SILENT_S:g}")
    if status > 0:
        return Sentence("video.file.failed", status=status)
    return Sentence("video.file.crash") if status else None


def main(path: str, fps: float) -> Iterator[dict[str, Any]]:
    """Findings, and how far it has come about every 10 s of the clip; at the end why, if it could not be read."""
    import cv2

    from analytics.video.camera import CameraAnalysis
    from app.video.networks import network_of
    from app.video.sampler import Sampler
    from ingest.video.complaints import complaints
    from ingest.video.decoding import MAX_CODED, damage_of, lost_of, of_file
    from ingest.video.file_time import FileTime

    cv2.setNumThreads(0)
    settings = read_settings(json.loads(sys.stdin.readline()))
    analysis = CameraAnalysis(settings, network=network_of(settings))
    number, frames, damaged, t = 0, 0, 0, 0.0
    time_of, sampler = FileTime(), Sampler(fps)  # the same frames as `hub video check`
    fault: Sentence | None = None
    with Path(path).open("rb") as file, complaints() as complained:
        decoder = of_file(file)  # as `hub video check` does: a playlist that names other files or addresses is no clip
        width, height = decoder.size
        if decoder.opened and width * height > MAX_CODED:
            fault = Sentence("video.file.large", width=width, height=height)
        while fault is None and decoder.opened and decoder.step_on():
            t, number = time_of.of(decoder.at()), number + 1
            damaged += complained.told()
            if not sampler.is_due(t) or (frame := decoder.picture()) is None:
                continue
            frames += 1
            yield from (finding._asdict() for finding in analysis.see(t, frame))
            if frames % 50 == 0:
                yield {"seconds": t, "frames": frames, "cost": analysis.cost}
        complained.told()
        lost, length = lost_of(decoder, number, complained), decoder.seconds
        decoder.close()
    if number and lost > MOST_LOST * (number + lost):
        fault = damage_of(number, lost, t, length)
    if fault is None and not number:
        fault = Sentence("video.file.undecoded")
    seconds = t * number / max(number - 1, 1)
    why = None if fault is None else (fault, written(fault))
    yield {"seconds": seconds, "frames": frames, "cost": analysis.cost, "fault": why, "damaged": damaged + lost}


if __name__ == "__main__":
    told = os.fdopen(os.dup(1), "w")
    silence()
    for line in main(sys.argv[1], float(sys.argv[2])):
        told.write(json.dumps(line) + "\n")
        told.flush()
