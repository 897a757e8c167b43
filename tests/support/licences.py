"""Whether the licences of all locked packages can be combined with Apache-2.0: python -m tests.support.licences.

What is not installed on this machine is not judged; another machine's run does.
"""

import sys
from collections.abc import Iterable, Iterator

from license_expression import ExpressionError, get_spdx_licensing

from tests.support.locked import Package, locked

ALLOWED = frozenset(
    (
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    )
)
"""LGPL: psycopg is imported, not changed and not linked into anything. MPL: files of it are not changed."""
_SPDX = get_spdx_licensing()


def findings(packages: Iterable[Package]) -> Iterator[str]:
    """A sentence for each package whose licence is unknown, or none of those that are allowed."""
    for package in packages:
        if package.licence is None:
            if package.installed is not None:
                yield f"{package.name} {package.version} names no licence: read it, and add it to REVIEWED in locked.py"
        elif not is_allowed(package.licence):
            yield f"{package.name} {package.version} is under {package.licence}, which ALLOWED in licences.py lacks"


def is_allowed(expression: str) -> bool:
    """Whether a choice that an SPDX expression leaves is allowed whole."""
    try:
        parsed = _SPDX.parse(expression, validate=True)
    except ExpressionError:
        return False
    chosen = parsed.subs(
        {symbol: _SPDX.TRUE if symbol.render() in ALLOWED else _SPDX.FALSE for symbol in parsed.symbols}
    )
    return bool(chosen.simplify() == _SPDX.TRUE)


if __name__ == "__main__":
    found = [*findings(locked())]
    print(*(found or ["licences: all of them are allowed"]), sep="\n")  # noqa: T201
    sys.exit(bool(found))
