"""What rules of tests say is to be done, about metrics for which the hub has no texts of its own."""

from typing import Any

GUIDANCE: dict[str, Any] = {
    "cause": "the test",
    "consequence": "none",
    "action": "look at the test",
    "contacts": "desk 1",
    "respond_s": 600,
}
