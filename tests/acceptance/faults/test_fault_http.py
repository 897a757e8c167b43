"""Faults under HTTP load: every request that was answered 202 is stored exactly once."""

import httpx
import pytest

from tests.support.cluster import Cluster
from tests.support.hub import Hub
from tests.support.numbered import check, held, message, resident_mb, wait_for
from tests.support.posts import Posts
from tests.support.process import wait_until

MESSAGES = 100_000


@pytest.mark.parametrize(
    ("count", "size"),
    [
        (10_000, 50),
        pytest.param(MESSAGES, 50, marks=pytest.mark.heavy),
        pytest.param(6_000, 1, marks=pytest.mark.heavy),
    ],
    ids=["batches", "batches-100k", "single"],
)
def test_hub_killed_under_http_load(counting: Hub, database: str, count: int, size: int) -> None:
    """A request for each message takes about a millisecond of both cores, so 6,000 are sent that way, not 100,000."""
    with Posts(counting.port, count, size) as posts:
        for share in (0.1, 0.4, 0.7):
            wait_for(database, int(count * share), 120)
            with held(database):
                counting.kill()
            counting.start()
    assert posts.acknowledged == count
    assert posts.statuses[0] > 0, "no request was cut off by a kill"
    assert counting.terminate() == 0
    check(database, count)


@pytest.mark.heavy
def test_sigterm_answers_what_was_taken(counting: Hub, database: str) -> None:
    count = 20_000
    with Posts(counting.port, count) as posts:
        wait_for(database, count // 10)
        assert counting.terminate() == 0
        acknowledged = posts.acknowledged
        counting.start()
    assert acknowledged > 0
    check(database, count)


@pytest.mark.heavy
def test_database_stopped_is_503_soon_and_recovers(own_counting: Hub, own_cluster: Cluster, own_database: str) -> None:
    hub, count = own_counting, 30_000
    topic, body = message(0)
    path = f"/api/v1/devices/{topic.split('/')[-2]}/telemetry"

    def post() -> httpx.Response:
        # What was taken just before is answered after 30 s (`http.answer_s`), which is the client's own patience.
        answer = hub.api.post(path, content=body, headers={"content-type": "application/json"}, timeout=60)
        assert answer.status_code in (202, 503), answer.text
        return answer

    with Posts(hub.port, count) as posts:
        wait_for(own_database, count // 10)
        own_cluster.kill()
        refusal = wait_until(lambda: (answer := post()).status_code == 503 and answer, "503 while the store is away")
        assert int(refusal.headers["retry-after"]) >= 1
        before = resident_mb(hub.pid)
        refused = posts.statuses[503]
        wait_until(lambda: posts.statuses[503] > refused + 500, "hundreds of requests are refused", 60)
        assert resident_mb(hub.pid) < before + 30
        own_cluster.start()
    assert posts.acknowledged == count
    assert None not in posts.retry_after
    assert post().status_code == 202
    check(own_database, count)
