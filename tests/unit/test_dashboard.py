"""How often the status is read again."""

from types import SimpleNamespace
from typing import Any

import pytest

from api import dashboard
from api.dashboard import LONGEST_S, SHORTEST_S, Dashboard


@pytest.mark.parametrize(("took", "stands"), [(0.01, SHORTEST_S), (0.5, 4.5), (13.0, LONGEST_S)])
async def test_a_glance_that_waited_for_the_store_does_not_stand_for_minutes(
    monkeypatch: pytest.MonkeyPatch, took: float, stands: float
) -> None:
    clock, looks = [1000.0], list[float]()

    async def look(_: Dashboard) -> object:
        clock[0] += took
        looks.append(clock[0])
        return object()

    monkeypatch.setattr(dashboard, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(Dashboard, "_look", look)
    context: Any = SimpleNamespace(scope=SimpleNamespace(everywhere=True))
    board = Dashboard(context)
    for later, expected in ((0.0, 1), (stands - 0.01, 1), (0.02, 2)):
        clock[0] += later
        await board.current()
        assert len(looks) == expected
