"""The process that reads a sheet for the hub: python -m devices.sheets.child.

Its standard input gives it the kind of sheet and the path of the file, a line each, once its limits are set, and ends
when the hub has died. It writes to its standard output each part, as four bytes of length and a Part in MessagePack,
and at the end a length of 0.
"""

import os
import sys
import threading
from pathlib import Path

import msgspec

from devices.sheets.parts import KINDS, Part, too_costly

NICENESS = 10
"""What the hub itself has to do goes before."""


def main() -> None:
    """Read the sheet that standard input names."""
    os.nice(NICENESS)
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would import it if it is there: half of its time
    kind, path = sys.stdin.readline().strip(), Path(sys.stdin.readline().strip())
    threading.Thread(target=_end_with_the_hub, daemon=True).start()
    if not _told(kind, path):  # here what it has read is let go
        _tell(too_costly())
    sys.stdout.buffer.write(bytes(4))
    sys.stdout.buffer.flush()


def _told(kind: str, path: Path) -> bool:
    """Tell every part; False when the memory is used up."""
    try:
        for part in KINDS[kind](path):
            _tell(part)
    except MemoryError:
        return False
    return True


def _tell(part: Part) -> None:
    told = msgspec.msgpack.encode(part)
    sys.stdout.buffer.write(len(told).to_bytes(4, "big") + told)


def _end_with_the_hub() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
