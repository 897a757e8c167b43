"""Generated requests against every route, with and without a login: nothing fails, and nothing is open that is guarded.

A few of each route here; ./run bench api-fuzz makes hundreds.
"""

from tests.support.api_fuzz import fuzz, register
from tests.support.hub import Hub


def test_each_route_answers_as_it_is_described(closed_hub: Hub) -> None:
    register(closed_hub)
    results = fuzz(f"http://127.0.0.1:{closed_hub.port}", "sesame", examples=1, seed=10)
    for result in results.values():
        assert result.failures == {}
        assert result.operations > 80
        assert result.requests >= result.operations
        assert len(result.streams) == 3
    assert results["none"].statuses.keys() <= {200, 401, 403, 404, 422}, "beside 401 what is public answers"
    assert results["login"].statuses[200] > 20
    assert results["login"].statuses.get(401, 0) < 15, "where another secret is wanted: that of who pushes"
