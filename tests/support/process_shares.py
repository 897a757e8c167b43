"""Which of several processes begins with which files of tests."""

from collections import Counter
from collections.abc import Iterable


def shares(files: Iterable[str], processes: int) -> dict[str, int]:
    """By file, the process; `files` names that of each test, in their order, and each process gets as many tests.

    pytest-xdist gives each process so many of the list, and who has done his takes half of the end of another's. As
    they are collected, one begins with all that is slow and another with all that is fast; so each has some of each
    folder, and ends with tests/unit, of which what is left is shared to the second.
    """
    taken, found = [0] * processes, dict[str, int]()
    for file, tests in Counter(files).items():
        found[file] = taken.index(min(taken))
        taken[found[file]] += tests
    return found
