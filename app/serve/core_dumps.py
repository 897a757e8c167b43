"""No core dumps: the memory of a hub holds tokens, keys and passwords."""

import ctypes
import resource

_PR_SET_DUMPABLE = 4


def no_core_dumps() -> None:
    """For the rest of this process and its children. Processes of the same user cannot read its memory either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):  # Linux: where dumps go to a program (systemd-coredump), no limit stops them
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
