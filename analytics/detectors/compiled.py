"""Compiled functions: loops over readings that run at the speed of the machine (docs/adr/0029-*).

numba keeps what it compiled by the age of a function's own file, and so misses a change in a function that it calls.
Here the folder is named by a digest of all that is compiled, and of the compiler: another hub compiles anew.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs

F = TypeVar("F", bound=Callable[..., Any])


def _kept_in() -> Path | None:
    """A folder that can be written, for what is compiled; None: it is compiled at each start."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    kept = platformdirs.user_cache_path("ganzhi") / "compiled" / digest.hexdigest()[:16]
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return kept if os.access(kept, os.W_OK) else None


_KEPT = _kept_in()
if _KEPT is not None:
    numba.config.CACHE_DIR = str(_KEPT)  # type: ignore[attr-defined]


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays at its first call; division by zero gives an infinity or NaN."""
    return cast(F, numba.njit(function, cache=_KEPT is not None, error_model="numpy", nogil=True))
