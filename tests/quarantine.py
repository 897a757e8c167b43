"""Tests that fail now and then and are yet to be mended: their failure does not count, and each run names them."""

QUARANTINE: dict[str, str] = {
    "tests/contract/test_any_order.py::test_any_order_within_what_is_allowed_gives_the_same_alerts": (
        "of 150 histories, one has fewer changes of the rule with an expression (sum2, a hold of 4 s, no lateness) than"
        " the same readings in order; it passed before expressions were in it. Whether the kill or the hold is at"
        " fault is not known yet"
    ),
}
"""By the test's id without its parameters (tests/unit/test_x.py::test_y): the reason."""
