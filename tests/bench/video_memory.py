"""What a process that looks at streams holds after hours of them, with reconnects and changes of resolution.

./run bench video-memory [CLIP...] [--hours 6] [--cameras 2] [--fps 5] [--speed 25] [--json]

Its clock runs faster, and simulated cameras send as much faster: frames are so many a second by that clock. Each camera
plays the clips (H.264 of 640 x 360; without any, those that are shipped), one after another, hangs up every five
minutes and changes its resolution every 40 s. All faults, flame, smoke, objects, water and clips of events are on.
Keys: `frames` by camera, `reconnects`, `resolutions`, `rss_mb` (after a tenth, at the end, and the most in between),
`grew_mb`, `restarts` of the process, `cpu_s`.
"""

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from devices.cameras.failure import CameraFailed
from ingest.video.messages import Figures, Open, Report, Showing, Up
from ingest.video.reader import Reader
from simulator.cameras.rtsp import RtspCamera, clip
from tests.support.measure import cpu_s, rss_mb

HANGS_UP_S, CHANGES_S = 320.0, 40.0
"""By the fast clock."""
SHIPPED = ("street.h264", "small.h264", "black.h264")
KINDS = (
    "signal_loss", "freeze", "black", "over_exposure", "under_exposure", "colour_cast", "noise", "blur", "occlusion",
    "moved", "stripes", "flame", "smoke", "object_left", "object_removed", "flood",
)  # fmt: skip


def coded(clips: list[Path], fps: float, folder: Path) -> list[str]:
    """Each clip as a camera sends it, in two sizes."""
    made = []
    for path in clips:
        for width, height in ((640, 360), (480, 270)):
            out = folder / f"{path.stem}-{width}.h264"
            told = (
                "ffmpeg", "-v", "error", "-i", str(path), "-vf", f"fps={fps},scale={width}:{height}", "-an",
                "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "5", "-f", "h264", str(out),
            )  # fmt: skip
            subprocess.run(told, check=True)
            made.append(str(out))
    return made or [*SHIPPED]


class Course:
    """Some cameras, and the process that looks at them."""

    def __init__(self, clips: list[str], given: argparse.Namespace) -> None:
        self.clips, self.given = clips, given
        self.frames, self.sizes = Counter[str](), Counter[str]()
        self.reconnects = 0
        self.rss: list[float] = []
        told = (sys.executable, "-m", "tests.support.fast_video_child", str(given.speed))
        self.reader = Reader("reader of a bench", given.cameras, told)

    async def followed(self, camera: RtspCamera, name: str) -> None:
        """Read it again and again, as the hub does."""

        async def take(report: Report) -> None:
            if isinstance(report, Figures):
                self.frames[name] += report.analysed
            elif isinstance(report, Up):
                self.sizes[name] += 1

        settings = json.dumps({"kinds": KINDS}).encode()
        while True:
            with suppress(CameraFailed):
                await self.reader.follow(
                    lambda slot: Open(
                        slot, name, camera.url(), ["127.0.0.1"], None, self.given.fps, settings,
                        showing=Showing(3, 60_000_000, b"bench"),
                    ),
                    take,
                )  # fmt: skip
            self.reconnects += 1

    async def changed(self, camera: RtspCamera) -> None:
        """Another clip, and another size, now and then; and a connection that breaks off."""
        for number in range(1, 1_000_000):
            await asyncio.sleep(CHANGES_S / self.given.speed)
            camera.clip = clip(self.clips[number % len(self.clips)])
            if number % round(HANGS_UP_S / CHANGES_S) == 0:
                camera.hang_up()

    async def run(self) -> dict[str, Any]:
        """Until each camera was looked at for so long."""
        wanted = self.given.hours * 3600 * self.given.fps
        pace = self.given.fps * self.given.speed
        cameras = [RtspCamera(clip(self.clips[0]), fps=pace) for _ in range(self.given.cameras)]
        tasks = [asyncio.create_task(self.reader.run())]
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("hours of streams", total=self.given.hours)
            for at, camera in enumerate(cameras):
                await camera.__aenter__()
                tasks.append(asyncio.create_task(self.followed(camera, f"camera {at + 1}")))
                tasks.append(asyncio.create_task(self.changed(camera)))
            while (least := min((self.frames[f"camera {at + 1}"] for at in range(len(cameras))), default=0)) < wanted:
                await asyncio.sleep(1.0)
                progress.update(bar, completed=least / 3600 / self.given.fps)
                if self.reader.pid is not None and least > wanted / 10:
                    self.rss.append(rss_mb(self.reader.pid))
        spent = cpu_s([self.reader.pid or 0])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        few = max(1, len(self.rss) // 10)
        first, last = sorted(self.rss[:few])[few // 2], sorted(self.rss[-few:])[few // 2]
        return {
            "hours": self.given.hours, "fps": self.given.fps, "frames": dict(self.frames),
            "reconnects": self.reconnects, "resolutions": sum(self.sizes.values()), "restarts": self.reader.restarts,
            "rss_mb": {"first": round(first, 1), "last": round(last, 1), "most": round(max(self.rss), 1)},
            "grew_mb": round(last - first, 1), "cpu_s": round(spent, 1),
        }  # fmt: skip


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="./run bench video-memory", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="*", type=Path, help="real clips of fixed cameras")
    parser.add_argument("--hours", type=float, default=6.0, help="that each camera is looked at")
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--fps", type=float, default=5.0, help="frames a second by the fast clock")
    parser.add_argument("--speed", type=float, default=25.0, help="of the clock; more than the machine does is dropped")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a camera that hangs up still sends
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(Course(coded(given.clips, given.fps, Path(folder)), given).run())
    told["took_s"] = round(time.monotonic() - began)
    sys.stdout.write((json.dumps(told) if given.json else json.dumps(told, indent=1)) + "\n")


if __name__ == "__main__":
    main()
