"""Properties that are tried with few drawn inputs in the short run, and with many in the heavy one."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy


def drawn(*strategies: SearchStrategy[Any], few: int, many: int) -> Callable[[Callable[..., None]], Any]:
    """As `given`, with so many inputs: to draw one takes 10 to 50 ms of processor time."""

    def decorate(holds: Callable[..., None]) -> Any:
        def test(examples: int) -> None:
            settings(max_examples=examples, deadline=None)(given(*strategies)(holds))()

        # Not functools.wraps: pytest would take the drawn arguments for fixtures.
        test.__name__, test.__qualname__, test.__doc__ = holds.__name__, holds.__qualname__, holds.__doc__
        test.__module__ = holds.__module__
        return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.heavy)])(test)

    return decorate
