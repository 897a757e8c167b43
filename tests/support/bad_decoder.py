"""`python -m tests.support.bad_decoder MARKS`: the child that reads video; its decoder does what a picture says.

A decoder that a stranger's bytes have broken does such things; no production code has a switch for them.
"""

import mmap
import os
import sys
import time

from app.video import child
from ingest.video import decoding

ABORT, HANG, EAT = (b"\xff\xd8\xff" + what for what in (b"abort", b"hang", b"eat"))
_eaten: list[mmap.mmap] = []
_still = decoding.still


def still(jpeg: bytes) -> decoding.Picture:
    """See decoding.still."""
    if jpeg == ABORT:
        os.abort()
    if jpeg == HANG:
        time.sleep(3_600)
    while jpeg == EAT:  # until there is none: the limit of the process, which counts what is not touched, too
        try:
            _eaten.append(mmap.mmap(-1, 16 << 20))
        except OSError as error:
            raise MemoryError from error
    return _still(jpeg)


if __name__ == "__main__":
    decoding.still = still
    sys.exit(child.main())
