"""`python -m tests.support.fast_video_child SPEED MARKS`: the child that reads streams, with a clock that runs faster.

Hours of its streams pass in minutes: what comes is looked at as if it had come at its own pace.
"""

import sys
import time

SPEED = float(sys.argv.pop(1))
_REAL, _BEGAN = time.monotonic, time.monotonic()
time.monotonic = lambda: _BEGAN + SPEED * (_REAL() - _BEGAN)

from app.video.child import main  # noqa: E402 the clock comes first

if __name__ == "__main__":
    sys.exit(main())
