"""The process that decodes pictures of strangers: `python -m ingest.pictures.child`, ended by the end of its input.

It may die of a picture at any time; it holds nothing but the one it is asked about.
"""

import os
import sys

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "FATAL"}
"""One thread: the gate has processes, and each thread's arena would need address space of its own."""

import cv2  # noqa: E402 it reads these

from ingest.pictures.asked import ASKED, LENGTH_BYTES, frame  # noqa: E402
from ingest.pictures.work import worked  # noqa: E402


def main() -> int:
    """Answer until the input ends."""
    cv2.setNumThreads(0)
    cv2.ocl.setUseOpenCL(False)
    come, go = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    go.write(READY)
    go.flush()
    while len(length := come.read(LENGTH_BYTES)) == LENGTH_BYTES:
        for part in worked(ASKED.decode(come.read(int.from_bytes(length, "big")))):
            go.write(frame(part))
            go.flush()
    return 0


READY = b"\n"
"""Written once when it has loaded everything."""

if __name__ == "__main__":
    sys.exit(main())
