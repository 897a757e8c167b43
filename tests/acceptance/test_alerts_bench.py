"""./run bench alerts in small: it counts what it says, and nothing is lost."""

import json
import subprocess
import sys

import pytest

KEYS = {
    "alert_ms_p50", "alert_ms_p99", "storm_s", "storm_others_ms_p99", "storm_ingest_ratio", "delivered", "expected",
    "clients_rss_mb", "lost", "duplicates",
}  # fmt: skip


@pytest.mark.heavy
def test_the_bench_of_alerts_in_small() -> None:
    command = [sys.executable, "-m", "tests.bench", "alerts", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    figures = json.loads(done.stdout)
    assert figures.keys() >= KEYS
    assert figures["delivered"] == figures["expected"] > 0
    assert figures["storm_expected"] > 1_000
    assert figures["kill_expected"] > 1_000
    assert figures["grouped_named"] > 20_000
    assert figures["grouped_reds_in_summaries"] == 0
    assert figures["clients_delivered"] == 2_000
