"""What the hub stores of rules and of what they remember: hub/access/inventory.py has it with the rest."""

from collections.abc import Mapping

from hub.access.classification import DataClass
from hub.access.inventory_table import Table, table
from hub.access.permissions import Permission

_MANAGEMENT, _OPERATIONS = DataClass.MANAGEMENT, DataClass.OPERATIONS

RULES: Mapping[str, Table] = {
    "rule": table(
        _MANAGEMENT,
        "when a reading or event is an alert",
        "until switched off; alerts refer to it",
        Permission.RULES_READ,
        l2="id code name profile_id metric direction thresholds hysteresis hold_s event_kind "
        "event_level enabled revision clear_s signal tolerance flagged version guidance changed_by "
        "count within_s cooldown_s schedule organisation region tag devices "
        "expression stale_s",
    ),
    "rule_version": table(
        _MANAGEMENT,
        "each version of a rule, to explain its alerts",
        "kept: alerts were raised by it",
        Permission.RULES_READ,
        l2="rule_id version at body changed_by",
    ),
    "rule_withheld": table(
        _OPERATIONS,
        "what rules find while they do not count",
        "until told or over",
        None,
        l2="rule_id device_id series_id part level since event_id event_at received_at",
        l3="value",
    ),
    "rule_flap": table(
        _OPERATIONS,
        "alerts that stay open because their condition comes and goes",
        "while they do",
        None,
        l2="rule_id device_id series_id part level count first_at quiet_since",
    ),
    "rule_pending": table(
        _OPERATIONS,
        "since when signals are beyond the levels of rules",
        "while they are",
        None,
        l2="rule_id series_id since revision signal",
        l3="value",
    ),
    "rule_flat": table(
        _OPERATIONS,
        "from which value series have not moved, of rules on flat",
        "while the rule is on",
        None,
        l2="rule_id series_id since until",
        l3="value",
    ),
    "expression_judged": table(
        _OPERATIONS,
        "up to when expressions of several metrics are calculated",
        "one row a rule and device where metrics come apart",
        None,
        l2="rule_id series_id until",
    ),
    "reordering": table(
        _OPERATIONS,
        "how far readings that may come out of order are judged",
        "one row a series of such profiles",
        None,
        l2="series_id until lateness_s",
    ),
    "reordering_waiting": table(
        _OPERATIONS,
        "of which series readings may wait (a view)",
        "while they may",
        None,
        l2="series_id newest ahead judged",
    ),
}
