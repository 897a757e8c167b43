"""Tests that fail now and then and are yet to be mended: their failure does not count, and each run names them."""

QUARANTINE: dict[str, str] = {
    "tests/acceptance/faults/test_fault_http.py::test_database_stopped_is_503_soon_and_recovers": (
        "while the database is stopped a post waits longer than its client: a fault of the hub, yet to be found"
    ),
    "tests/acceptance/test_alerts_bench.py::test_the_bench_of_alerts_in_small": (
        "beside other tests 16 of 160 probes over one channel came too late"
    ),
}
"""By the test's id without its parameters (tests/unit/test_x.py::test_y): the reason."""
