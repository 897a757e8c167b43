"""What the hub stores of cases: hub/access/inventory.py has it with the rest."""

from collections.abc import Mapping

from hub.access.classification import DataClass
from hub.access.inventory_table import Table, table
from hub.access.permissions import Permission

_BUSINESS, _MANAGEMENT, _OPERATIONS = DataClass.BUSINESS, DataClass.MANAGEMENT, DataClass.OPERATIONS
_READ = Permission.CASES_READ
_WITH_CASE = "with its case (cases.keep_days)"

CASES: Mapping[str, Table] = {
    "case_file": table(
        _BUSINESS, "cases (案件), where each stands, and what is counted of it", "cases.keep_days after its end", _READ,
        l1="id number source category_kind category category_version level alert_id reported_at reporters stage "
        "stage_at stage_due_at seq visits updated_at accepted_at filed_at dispatched_at handled_at closed_at "
        "closed_how ended_at due_at returned reworked extended suspended suspended_at review_at supervised supervision "
        "supervision_due_at asked asked_at asked_hours asked_until merged_into marks",
        l2="region organisation area_keys responsible assisting scope",
        l3="title component lon lat reported_by stage_by asked_by",
    ),
    "case_fact": table(
        _BUSINESS, "what figures need of a case, in a narrow row", _WITH_CASE, _READ,
        l1="id marks reported accepted filed dispatched ended due level category_kind category",
        l2="region organisation responsible holders",
    ),
    "case_tally": table(
        _BUSINESS, "how many cases are in each count, by day and month", "with the cases that it counts", _READ,
        l1="cell grain category key day reported accepted rejected merged self_handled filed extended suspended "
        "suspended_now supervised dispatched dispatched_right closed closed_after_dispatch closed_after_rework due "
        "due_closed closed_in_time closed_late overdue_open",
    ),
    "case_stage_time": table(
        _BUSINESS, "how many visits to a stage took how long, by month", "with the cases that it counts", _READ,
        l1="cell key month stage time_range visits",
    ),
    "indicator_set": table(
        _MANAGEMENT, "definitions of indicators of cases and of cameras, as a city reads them", "until deleted", _READ,
        l1="code name about indicators",
    ),
    "case_step": table(
        _BUSINESS, "each step of a case, who took it and why", _WITH_CASE, _READ,
        l1="cursor id case_id seq at kind stage_from stage_to", l2="organisation", l3="actor principal note detail",
    ),
    "case_attachment": table(
        _BUSINESS, "pictures and papers of a case, with those of its alert", _WITH_CASE, _READ,
        l2="id case_id seq media_type digest of_alert added_at", l3="name content",
    ),
    "case_clock": table(
        _BUSINESS, "how long each stage of a case took, and by when it is due", _WITH_CASE, _READ,
        l1="case_id visit stage entered_at running_from counted_s limit_s extended_s working due_at stopped_s "
        "stopped_at left_at working_s deadlines_version overdue_at alert_id stops county",
    ),
    "case_table": table(
        _MANAGEMENT, "versions of the tables of categories and deadlines", "kept: cases name them", _READ,
        l1="kind version name zone hours imported_at", l2="imported_by",
    ),
    "case_rule": table(
        _MANAGEMENT, "which alerts become cases by themselves", "until deleted", Permission.CASES_CONFIGURE,
        l2="code min_level region area organisation category event_kind case_category_kind case_category enabled "
        "made_at",
    ),
    "case_rule_position": table(
        DataClass.OPERATIONS, "which changes of alerts the rules of cases have seen", "one row", None, l1="one cursor",
    ),
    "case_category": table(
        _MANAGEMENT, "categories of cases in the codes of GB/T 30428", "kept: cases name them", _READ,
        l1="version category_kind code parent name",
    ),
    "case_deadline": table(
        _MANAGEMENT, "how long a case may be in a stage", "kept: clocks name them", _READ,
        l1="version category_kind category level stage seconds working",
    ),
    "outside_system": table(
        _MANAGEMENT, "case systems of others, and what their words stand for", "until it is deleted",
        Permission.CASES_CONFIGURE,
        l1="code name organisation responsible states categories tells enabled", l4="secret",
    ),
    "case_delivery": table(
        _OPERATIONS, "changes of cases for consumers, each with the case after it",
        "with its case (cases.keep_days), or its consumer", Permission.CONSUMERS_READ,
        l1="id case_id seq kind at state attempts made_at next_at settled_at", l2="consumer_id",
        l3="picture last_error last_error_words",
    ),
    "outside_case": table(
        _BUSINESS, "what a case is called in an outside system", _WITH_CASE, _READ,
        l1="system outside_id case_id told_at told",
    ),
    "outside_conflict": table(
        _BUSINESS, "what an outside system says of a case that does not fit, and who decided", _WITH_CASE, _READ,
        l1="id system case_id state target stage state_at reason reason_words times found_at told_at resolved_at "
        "resolved_as", l3="note resolved_by resolution",
    ),
}  # fmt: skip
