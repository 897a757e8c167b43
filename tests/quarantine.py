"""Tests that fail now and then and are yet to be mended: their failure does not count, and each run names them."""

QUARANTINE: dict[str, str] = {
    "tests/integration/test_rule_state.py::test_rules_remember_what_the_store_holds": (
        "of 400 histories, one finds an alert of a momentary kind, from a history before it, in a rule book that was"
        " just started and not in the one that runs; the same history alone passes. It is not known whether a clock"
        " or the hub is at fault"
    ),
}
"""By the test's id without its parameters (tests/unit/test_x.py::test_y): the reason."""
