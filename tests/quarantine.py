"""Tests that fail now and then and are yet to be mended: their failure does not count, and each run names them."""

QUARANTINE: dict[str, str] = {}
"""By the test's id without its parameters (tests/unit/test_x.py::test_y): the reason."""
