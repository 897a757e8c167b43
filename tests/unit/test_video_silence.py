"""Nothing that libraries print leaves a process that decodes (app/video/silence.py)."""

import subprocess
import sys

PRINTS = """
import os, sys
from app.video.silence import silence
told = os.dup(1)
silence()
os.write(1, b"[ WARN:0@0.948] global cap.cpp\\n")
os.write(2, b"[h264 @ 0x1] error while decoding MB\\n")
print("reports are not printed")
print("the traceback", file=sys.stderr)
os.write(told, b"a report")
print(os.environ["OPENCV_LOG_LEVEL"], os.environ["OPENCV_FFMPEG_LOGLEVEL"], file=sys.stderr)
"""


def test_what_libraries_print_goes_nowhere_and_faults_of_our_own_stay() -> None:
    done = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, text=True, check=True)
    assert done.stdout == "a report"
    assert done.stderr.splitlines() == ["the traceback", "FATAL -8"]
