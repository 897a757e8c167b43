"""A patrol of thousands of simulated cameras: how long a round takes, who is visited, and what it costs.

./run bench patrol [--cameras 4000] [--at-once 200] [--processes 2] [--patience 10] [--silent 5] [--json]

Each camera has an address of this machine of its own, and shows its first key picture after 2 to 4 s; --silent of 100
never answer. They live in a process of their own. Keys of the object: cameras, fine, faults, failed (as `hub video
patrol` tells them), round_s, judging_cpu_s; wrong (cameras that are told otherwise than they are, or twice, or not),
visit_s (median and worst), cpu_s and rss_mb of this process and of those that read, sources_cpu_s, files (most that
this process had).
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

from app.video.patrol import Round, Visited, patrolled
from devices.cameras.camera_url import parse_url
from ingest.video.itinerary import Stop
from simulator.cameras.rtsp import RtspCamera, clip
from tests.support.measure import cpu_s, rss_mb

CAMERAS = 4_000
KEY_S = 2.0, 4.0
SILENT = 5
"""Of 100 never answer."""


def address(at: int) -> str:
    """Of a camera: loopback, one for each."""
    return f"127.16.{at // 250}.{1 + at % 250}"


def late_s(silent: int, path: str) -> float | None:
    """Of a camera's first key picture, where so many of 100 never answer; None: it never does."""
    at = int(path.removeprefix("cam"))
    return None if at * 53 % 100 < silent else KEY_S[0] + (at * 37 % 100) / 100 * (KEY_S[1] - KEY_S[0])


async def _sources(cameras: int, silent: int) -> None:
    hosts = [address(at) for at in range(cameras)]
    async with RtspCamera(clip("street.h264"), late_s=partial(late_s, silent), hosts=hosts) as camera:
        sys.stdout.write(f"{camera.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


async def _round(port: int, given: argparse.Namespace) -> dict[str, Any]:
    urls = [f"rtsp://{address(at)}:{port}/cam{at}" for at in range(given.cameras)]
    stops = [Stop(f"cam{at}", parse_url("rtsp", url)[0], None) for at, url in enumerate(urls)]
    shown, known = list[Visited](), dict[str, bytes]()
    files = 0

    async def watch() -> None:
        nonlocal files
        while True:
            files = max(files, len(os.listdir("/proc/self/fd")))  # noqa: PTH208
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    summary = await patrolled(stops, Round(given.at_once, given.processes, given.patience), known, shown.append)
    watching.cancel()
    silent = {f"cam{at}" for at in range(given.cameras) if late_s(given.silent, f"cam{at}") is None}
    wrong = [each.camera for each in shown if (each.state == "failed") != (each.camera in silent) or each.faults]
    times = Counter(each.camera for each in shown)
    wrong += [stop.camera for stop in stops if times[stop.camera] != 1]
    took = sorted(each.seconds for each in shown)
    whys = sorted({str(each.why) for each in shown if each.why})
    return {
        **summary, "wrong": len(wrong), "wrong_few": wrong[:5], "why": whys[:5],
        "visit_s": {"median": round(took[len(took) // 2], 1), "worst": round(took[-1], 1)}, "files": files,
    }  # fmt: skip


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="./run bench patrol", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--at-once", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--patience", type=float, default=10.0)
    parser.add_argument("--silent", type=int, default=SILENT, help="of 100 cameras never answer")
    parser.add_argument("--sources", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if given.sources:
        asyncio.run(_sources(given.cameras, given.silent))
        return
    told = [sys.executable, "-m", "tests.bench.patrol", "--sources", "--cameras", str(given.cameras)]
    told += ["--silent", str(given.silent)]
    with subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sources:
        try:
            assert sources.stdout is not None
            port = int(sources.stdout.readline())
            began = time.process_time()
            found = asyncio.run(_round(port, given))
            readers = resource.getrusage(resource.RUSAGE_CHILDREN)
            found |= {
                "cpu_s": {
                    "hub": round(time.process_time() - began, 1),
                    "readers": round(readers.ru_utime + readers.ru_stime, 1),
                },
                "rss_mb": {"hub": round(rss_mb(os.getpid()), 1), "reader": round(readers.ru_maxrss / 1024, 1)},
                "sources_cpu_s": round(cpu_s([sources.pid]), 1),
            }  # fmt: skip
        finally:
            sources.terminate()
    sys.stdout.write((json.dumps(found) if given.json else json.dumps(found, indent=1)) + "\n")


if __name__ == "__main__":
    main()
