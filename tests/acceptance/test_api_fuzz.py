"""Generated requests against every route, with and without a login: nothing fails, and nothing is open that is guarded.

A few of each route here; ./run bench api-fuzz makes hundreds.
"""

import pytest

from tests.support.api_fuzz import fuzz, register
from tests.support.hub import Hub


@pytest.mark.parametrize(("token", "examples"), [("sesame", 2), (None, 1)])
def test_each_route_answers_as_it_is_described(closed_hub: Hub, token: str | None, examples: int) -> None:
    register(closed_hub)
    result = fuzz(f"http://127.0.0.1:{closed_hub.port}", token, examples, seed=10)
    assert result.failures == {}
    assert result.operations > 80
    assert result.requests >= result.operations
    assert len(result.streams) == 3
    if token is None:
        assert result.statuses.keys() <= {200, 401, 404, 422}, "beside 401 what is public answers"
    else:
        assert result.statuses[200] > 20
        assert result.statuses.get(401, 0) < 10, "where another secret is wanted"
