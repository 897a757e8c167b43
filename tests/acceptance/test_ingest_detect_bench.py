"""./run bench ingest --detect in small: nothing is lost, and only the hub that detects learns."""

import json
import subprocess
import sys

import pytest

from tests.support.kafka import KafkaAbsentError, kafka_libraries


@pytest.mark.heavy
def test_the_bench_of_ingest_with_detectors_in_small() -> None:
    try:
        kafka_libraries()
    except KafkaAbsentError as absent:
        pytest.skip(str(absent))
    command = [sys.executable, "-m", "tests.bench", "ingest", "--detect", "--quick", "--pairs", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    figures = json.loads(done.stdout)
    assert figures["detect_ratio_single"] > 0
    assert figures["detect_ratio_packs"] > 0
    assert (figures["lost"], figures["duplicates"]) == (0, 0)
    assert figures["states_saved_off"] == 0
    assert figures["states_saved_on"] > 0
