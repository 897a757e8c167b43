"""What a patrol may take (ingest/video/share.py)."""

import os

from ingest.video.share import LEAST, at_once, cpu_s, share_of


def test_it_takes_what_the_steady_analysis_leaves_and_little_while_that_is_shed() -> None:
    assert share_of(2.0, 0.5, is_shed=False) == 1.5
    assert share_of(2.0, 3.0, is_shed=False) == share_of(2.0, 0.1, is_shed=True) == 2.0 * LEAST


def test_it_opens_fewer_at_one_time_beyond_its_share_and_never_none() -> None:
    assert at_once(40, 1.2, 1.0, 50) == 20
    assert at_once(1, 9.0, 1.0, 50) == 1
    assert at_once(20, 0.9, 1.0, 50) == 20, "what would go beyond it is not opened"
    assert at_once(40, 0.1, 1.0, 50) == 50


def test_processor_time_is_that_of_the_process() -> None:
    until = cpu_s(os.getpid()) + 0.02
    while cpu_s(os.getpid()) < until:
        sum(range(10_000))
    assert cpu_s(None) == 0.0
