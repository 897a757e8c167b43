"""Generated requests from several processes, for making them takes most of the time."""

import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from tests.support.api_fuzz import Fuzzer, Results, nothing

_fuzzers: list[Fuzzer] = []
"""That of a process, which reads the description once."""


def spread(url: str, token: str, examples: int, seed: int, only: str, processes: int) -> Results:
    """Call each operation in one of so many processes; `only` is part of a path."""
    results, fuzzer, began = nothing(), Fuzzer(url, token), time.monotonic()
    columns = [*Progress.get_default_columns()[:3], TimeRemainingColumn()]
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _open, (url, token))
    with pool, Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = [pool.submit(_fuzz, label, examples, seed) for label in fuzzer.labels(only)]
        bar = progress.add_task("operations", total=len(tasks))
        for task in as_completed(tasks):
            for name, result in task.result().items():
                results[name].add(result)
                for operation, failure in result.failures.items():
                    progress.console.print(f"{operation}\n{failure}", markup=False)
            progress.advance(bar)
    for result in results.values():
        result.streams, result.seconds = fuzzer.streams, round(time.monotonic() - began, 1)
    return results


def _open(url: str, token: str) -> None:
    _fuzzers.append(Fuzzer(url, token))


def _fuzz(label: str, examples: int, seed: int) -> Results:
    return _fuzzers[0].fuzz(label, examples, seed)
