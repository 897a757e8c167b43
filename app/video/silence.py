"""Keeps what libraries print out of reports, logs and terminals: a camera or a clip could fill them with its damage."""

import os
import sys

os.environ |= {"OPENCV_LOG_LEVEL": "FATAL", "OPENCV_FFMPEG_LOGLEVEL": "-8"}  # read when OpenCV is loaded


def silence() -> None:
    """From now on nothing but `sys.stderr` leads to where standard output and error of this process have led."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
