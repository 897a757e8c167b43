"""What a camera costs with its decoding: clips are coded anew as cameras send them, decoded, reduced and looked at."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from analytics.video.camera import CameraAnalysis
from analytics.video.settings import VideoSettings
from ingest.video import decoding
from tests.support.video_scenes import FPS

SECONDS = 12.0
STREAMS = {
    "h264_1080p": ("libx264", 1920, 1080, 25, "4M"),
    "h265_1080p": ("libx265", 1920, 1080, 25, "2M"),
    "h264_640x360": ("libx264", 640, 360, 10, "512k"),
    "h265_640x360": ("libx265", 640, 360, 10, "384k"),
}
"""Coder, width, height, frames a second and bits a second: main streams and sub-streams as cameras have them."""


def with_decoding(clip: Path, kinds: frozenset[str]) -> dict[str, Any]:
    """By stream: cameras a core at five looks a second, and milliseconds of processor a frame; {} without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        return {name: _measured(_coded(clip, Path(folder), name), kinds) for name in STREAMS}


def _coded(clip: Path, folder: Path, name: str) -> Path:
    coder, width, height, fps, rate = STREAMS[name]
    out = folder / f"{name}.mp4"
    told = (
        "ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", str(clip), "-t", str(SECONDS), "-an",
        "-vf", f"fps={fps},scale={width}:{height},noise=alls=4:allf=t", "-pix_fmt", "yuv420p",
        "-c:v", coder, "-preset", "veryfast", "-b:v", rate, "-g", str(2 * fps), "-bf", "0",
        *(("-x265-params", "log-level=error") if coder == "libx265" else ()), str(out),
    )  # fmt: skip
    subprocess.run(told, check=True)
    return out


def _measured(path: Path, kinds: frozenset[str]) -> dict[str, Any]:
    analysis = CameraAnalysis(VideoSettings(kinds=kinds))
    decoded, due, looks = 0, 0.0, 0
    with path.open("rb") as file:
        began = time.thread_time()
        decoder = decoding.of_file(file)
        while decoder.step():
            decoded += 1
            t = decoder.at()
            if t < due - 0.01:
                continue
            due = t + 1 / FPS
            picture = decoder.picture()
            if picture is not None:
                analysis.see(t, picture)
                looks += 1
        spent = time.thread_time() - began
        decoder.close()
    looked = sum(analysis.cost.values())
    return {
        "cameras_a_core": round(SECONDS / spent, 1), "frames_a_s": round(decoded / SECONDS, 1),
        "bits_a_s": round(8 * path.stat().st_size / SECONDS, -3),
        "decoding_ms_a_frame": round(1000 * (spent - looked) / decoded, 2),
        "analysis_ms_a_look": round(1000 * looked / max(looks, 1), 2),
    }  # fmt: skip
