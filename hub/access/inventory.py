"""What the hub stores: each table and column with its class and level, why it is there, and what ends it.

docs/PRIVACY.md is made of this table; a test walks the schema of a migrated database and finds what is missing here.
"""

from collections.abc import Mapping

from hub.access.classification import DataClass, Level
from hub.access.inventory_cases import CASES
from hub.access.inventory_devices import DEVICES, WITH_DEVICE
from hub.access.inventory_exchange import EXCHANGE
from hub.access.inventory_people import PEOPLE
from hub.access.inventory_rules import RULES
from hub.access.inventory_table import Table
from hub.access.inventory_table import table as _table
from hub.access.permissions import Permission

_USER, _BUSINESS = DataClass.USER, DataClass.BUSINESS
_MANAGEMENT, _OPERATIONS = DataClass.MANAGEMENT, DataClass.OPERATIONS
_READINGS = "database.retention_days"

TABLES: Mapping[str, Table] = {
    **PEOPLE,
    **CASES,
    **DEVICES,
    **EXCHANGE,
    **RULES,
    "organisation": _table(
        _MANAGEMENT, "departments and companies that things belong to", "until renamed; alerts and devices refer to it",
        Permission.ORGANISATIONS_READ, l1="code name parent region",
    ),
    "region": _table(
        _MANAGEMENT, "administrative divisions, public in GB/T 2260 and GB/T 10114",
        "kept with their validity: history names them", Permission.REGIONS_READ,
        l1="code name level valid_from valid_to successors",
    ),
    "profile": _table(
        _MANAGEMENT, "what a kind of device measures and reports", "until replaced; devices refer to it",
        Permission.PROFILES_READ,
        l1="id code name name_en category", l2="metrics max_future_s revision version installed interval_s "
        "offline_after_s unknown_metrics max_metrics events commands mapping on_conflict test_every_days "
        "allowed_lateness_s payload codes guards polling",
    ),
    "profile_version": _table(
        _MANAGEMENT, "each version of a profile, to explain old readings", "kept: readings were understood by it",
        Permission.PROFILES_READ, l2="profile_id version at body",
    ),
    "device": _table(
        _MANAGEMENT, "things of the city and where they stand", WITH_DEVICE, Permission.DEVICES_READ,
        l1="id profile_id created_at revision zone state active_since sim_expires",
        l2="code name parent_id organisation region scope area_keys",
        l3="lon lat tags",
    ),
    "area": _table(
        _MANAGEMENT, "named areas and grids that grants and places refer to", "until deleted", Permission.AREAS_READ,
        l1="code name kind created_at valid_from valid_to", l2="divisions cells outline ring",
    ),
    "maintenance": _table(
        _MANAGEMENT, "when somebody works on devices, so that what they say or do not say is no finding",
        "health.keep_days after its end", Permission.DEVICES_READ,
        l2="id device_id from_at to_at created_at organisation region area made_by ended_by reach scope", l3="note",
    ),
    "consumer": _table(
        _MANAGEMENT, "who is told of alerts, and up to which level", "until deleted", Permission.CONSUMERS_READ,
        l2="warnings id code kind filters quiet grouping owner fallback enabled held_until lang ceiling paced_until "
        "cases case_system cases_since "
        "heartbeat_s heartbeat_due prove_within_h prove_at prove_due watched_since proven_at failing_since degraded_at",
        l3="url", l4="secret login query settings receipt_secret link_key",
    ),
    "alert_cause": _table(
        _MANAGEMENT, "why alerts are real, false or tests", "for ever", Permission.ALERTS_READ,
        l1="code result name_en name_zh in_use",
    ),
    "routing_revision": _table(
        _OPERATIONS, "that what alerts are routed by has changed", "one row", None, l1="one revision",
    ),
    "chain": _table(
        _MANAGEMENT, "who is told, step by step, of alerts that nobody takes up", "until deleted",
        Permission.CONSUMERS_READ, l2="code filter steps repeats verify_within_s",
    ),
    "escalation": _table(
        _OPERATIONS, "how far alerts are in their escalation chains", "with its alert (alerts.keep_days), or its chain",
        Permission.ALERTS_READ, l1="alert_id round level step state due_at", l2="chain told",
    ),
    "path_round": _table(
        _OPERATIONS, "how far the newest of the hub's own rounds came along the path of alerts", "one row",
        Permission.STATUS_READ,
        l1="one id begun_at published_at received_at applied_at delivered_at complete_at took_ms broken_at reached "
        "called_at broker_at", l3="call_error",
    ),
    "alert_fallback": _table(
        _OPERATIONS, "red alerts, and whether the fallback consumer gets them",
        "with its alert (alerts.keep_days)", None, l1="alert_id seq due_at why",
    ),
    "border": _table(
        _MANAGEMENT, "outlines of areas and divisions, to know what is near a border",
        "until loaded anew, or with its area", None, l2="key lon1 lat1 lon2 lat2 reach",
    ),
    "series": _table(
        _BUSINESS, "one metric of one device", WITH_DEVICE, Permission.READINGS_READ,
        l2="id device_id metric revision",
    ),
    "reading": _table(
        _BUSINESS, "measured values; their level is that of their series", _READINGS, Permission.READINGS_READ,
        l2="ts series_id quality", l3="value",
    ),
    "reading_replaced": _table(
        _BUSINESS, "values that later ones replaced, as evidence", _READINGS, None,
        l2="series_id ts replaced_at", l3="value",
    ),
    "latest": _table(
        _BUSINESS, "the newest reading of each series", "one row a series", Permission.READINGS_READ,
        l2="series_id ts quality watermark top", l3="value",
    ),
    "detector_state": _table(
        _BUSINESS, "what detectors have learned of each series", "one row a series", None, l2="series_id", l3="state",
    ),
    "latest_note": _table(
        _OPERATIONS, "series whose newest reading is not in `latest` yet", "seconds, until it is", None,
        l2="writer number series odd",
    ),
    "event": _table(
        _BUSINESS, "what devices report: smoke, a button, an open cover",
        "events.keep_days, but the newest of each kind at each device; of a part while it may count",
        Permission.EVENTS_READ, l2="id device_id ts received_at kind state level untimed_id part", l3="attributes",
    ),
    "episode": _table(
        _BUSINESS, "how long what devices repeat lasted, and how often it was said", "events.keep_days after its end",
        Permission.EVENTS_READ,
        l2="id device_id kind part code level began_at last_at told_at heard_at late count ended_at why",
    ),
    "event_picture": _table(
        _BUSINESS, "pictures of events, with all in blocks that is not known to be place, or why there is none",
        "pictures.keep_days", Permission.EVENTS_READ,
        l2="event_id device_id received_at why width height whole", l4="content file",
    ),
    "event_clip": _table(
        _BUSINESS, "clips of events, with all in blocks that is not known to be place, or why there is none",
        "pictures.keep_days", Permission.EVENTS_READ,
        l2="event_id device_id received_at why width height seconds before_s whole", l4="content file",
    ),
    "event_replaced": _table(
        _BUSINESS, "contents of events that later ones replaced, as evidence", _READINGS, None,
        l2="id replaced_at", l3="content",
    ),
    "alert": _table(
        _BUSINESS, "what is unusual, and how it is handled", "alerts.keep_days after its last change, when it is over",
        Permission.ALERTS_READ,
        l1="id level peak_level opened_at cleared_at changed_at raised_at updated_at seq handling state origin"
        " acknowledged_level cause check_result shelved_until merged_into drill_id",
        l2="rule_id rule_version target device_id series_id region title event_kind category organisation area_keys"
        " scope assignee",
        l3="value threshold lon lat",
    ),
    "alert_attachment": _table(
        _BUSINESS, "pictures and papers that people added to an alert", "with its alert (alerts.keep_days)",
        Permission.ALERTS_READ, l2="id alert_id change_id media_type added_at", l3="name content",
    ),
    "alert_change": _table(
        _BUSINESS, "each change of an alert, who made it, and the alert after it", "with its alert (alerts.keep_days)",
        Permission.ALERTS_READ,
        l1="cursor id alert_id seq kind at", l2="recipients grouped",
        l3="actor note note_words details picture principal",
    ),
    "alert_told": _table(
        _BUSINESS, "who was told of an alert, and hears how it goes on", "with its alert (alerts.keep_days)",
        Permission.CONSUMERS_READ, l1="alert_id", l2="consumers",
    ),
    "alert_ending": _table(
        _OPERATIONS, "endings that the rules have not heard of yet", "seconds, until they have", None, l1="change_id",
    ),
    "alert_position": _table(
        _OPERATIONS, "how far consumers that follow the log of alert changes have confirmed it", "with its consumer",
        None, l1="cursor", l2="consumer_id moved_at failing_since", l3="last_error last_error_words",
    ),
    "alert_grouping": _table(
        _OPERATIONS, "consumers that are told of storms in summaries: whether there is one, and what waits",
        "with its consumer", None, l1="recent position due_at", l2="consumer_id",
    ),
    "inhibition": _table(
        _MANAGEMENT, "which alerts of a parent keep back which alerts of the devices behind it", "until deleted",
        Permission.RULES_READ, l1="code parent_kinds parent_metrics kinds enabled changed_at",
    ),
    "fusion_rule": _table(
        _MANAGEMENT, "which alerts close to each other are one incident, and what follows", "until deleted",
        Permission.RULES_READ,
        l1="code name_en name_zh kinds metrics anchors link radius_m within_s sources share raise_to raise_sources "
        "lower_to consequences enabled changed_at",
    ),
    "fusion_position": _table(
        _OPERATIONS, "how far fusion has read the log of alert changes", "one row", None, l1="one cursor",
    ),
    "incident": _table(
        _BUSINESS, "alerts that have one cause", "alerts.keep_days, as its alerts", Permission.ALERTS_READ,
        l1="id rule lead merged_into link within_s radius_m first_at consequences made_at", l2="parent_id",
        l3="lon lat reach_m",
    ),
    "incident_member": _table(
        _BUSINESS, "which alert is in which incident", "with its alert (alerts.keep_days)", Permission.ALERTS_READ,
        l1="alert_id incident_id joined_at separated_at",
    ),
    "alert_fused": _table(
        _BUSINESS, "what fusion holds the level of an alert at", "with its alert (alerts.keep_days)",
        Permission.ALERTS_READ, l1="alert_id own_level own_peak floor ceiling",
    ),
    "silence": _table(
        _MANAGEMENT, "which deliveries of alerts are kept back, until when, who wanted it and why",
        "alerts.keep_days after its end", Permission.ALERTS_READ,
        l1="id max_level from_at to_at made_at approved_at category event_kind",
        l2="device_id region organisation area scope made_by approved_by ended_by", l3="reason",
    ),
    "drill": _table(
        _MANAGEMENT, "exercises and tests of devices: when, by whom, and who is told", "alerts.keep_days after its end",
        Permission.ALERTS_READ, l1="id kind begins_at ends_at over_at made_at", l2="name consumers made_by ended_by",
    ),
    "drill_alert": _table(
        _MANAGEMENT, "what an exercise raises, and when", "with its drill", Permission.ALERTS_READ,
        l1="number alert_id due_at raised_at level event_kind category",
        l2="drill_id device_id region organisation title scope", l3="lon lat error",
    ),
    "drill_device": _table(
        _MANAGEMENT, "which devices a test is about", "with its drill", Permission.ALERTS_READ,
        l2="drill_id device_id over",
    ),
    "proof_test": _table(
        _BUSINESS, "that devices raised alerts while they were tested", "alerts.keep_days, but the newest of a device",
        Permission.ALERTS_READ, l1="alert_id at accepted_at real_at", l2="drill_id device_id event_kind metric",
    ),
    "outbox": _table(
        _OPERATIONS, "deliveries of alerts to consumers", "with its alert (alerts.keep_days), or its consumer",
        Permission.CONSUMERS_READ,
        l2="id change_id alert_id seq consumer_id state attempts next_at created_at settled_at why failure silence_id "
        "quiet_until inhibited_by after_cursor until_cursor took_ms message_id receipt receipt_due reached_at repeats",
        l3="last_error last_error_words said receipt_said",
    ),
    "dead_letter": _table(
        _BUSINESS, "messages that could not be used, as they came, to find the mistake",
        "dead_letters.keep_days, dead_letters.keep", Permission.LETTERS_READ,
        l2="id received_at transport device reason payload_size replays replayed_at at",
        l3="address detail detail_words payload",
    ),
    "dead_letter_count": _table(
        _OPERATIONS, "dead letters by minute, also those that were not stored", "dead_letters.keep_days",
        Permission.LETTERS_READ, l2="minute reason transport stored dropped",
    ),
    "command": _table(
        _BUSINESS, "what a device was told, by whom, and its reply", "commands.keep_days", Permission.COMMANDS_READ,
        l2="id device_id name state created_at expires_at sent_at settled_at replied_at late error take_until taken_at "
        "taken_by epoch network confirmed queued_at", l3="params actor key reply",
    ),
    "audit": _table(
        _USER, "who changed or saw what: required for 180 days at least", "audit.keep_days", Permission.AUDIT_READ,
        l2="id at action subject journal", l3="actor detail address",
    ),
    "audit_unsealed": _table(
        _OPERATIONS, "entries of the audit that wait for their seal", "seconds, until it is made", None, l1="audit_id",
    ),
    "audit_seal": _table(
        _OPERATIONS, "the hash chain over the audit", "with its entry (audit.keep_days)", Permission.AUDIT_READ,
        l1="seq audit_id sealed_at algorithm hash",
    ),
    "audit_chain": _table(
        _OPERATIONS, "where the chain of the audit begins and ends", "one row", Permission.AUDIT_READ,
        l1="one begins_after begins_hash head_seq head_hash",
    ),
    "audit_sink": _table(
        _OPERATIONS, "how far each receiver outside has the audit", "one row a receiver", None,
        l1="name sent_seq sent_at",
    ),
    "arrival": _table(
        _OPERATIONS, "packets of the broker that may come again", "65,535 packets a source", None,
        l2="source seq entries",
    ),
    "commit_turn": _table(
        _OPERATIONS, "whose commit is known", "one day", None, l1="writer turn at",
    ),
    "kafka_offset": _table(
        _OPERATIONS, "how far topics are read", "one row a partition", None, l1="topic partition next_offset timers",
    ),
    "import_progress": _table(
        _OPERATIONS, "how far files of history are read", "kept: a file is not read twice", None,
        l2="digest position line readings stored bad started_at changed_at finished_at conflicting", l3="file",
    ),
    "rollup_rebuild": _table(
        _OPERATIONS, "how far rollups are made anew", "one row a view", None,
        l1="view from_at to_at done_until started_at finished_at",
    ),
    "schema_migration": _table(
        _OPERATIONS, "the version of the schema", "one row a migration", None, l1="version name mode applied_at",
    ),
    "catalogue": _table(
        _MANAGEMENT, "view: devices as they are found and exported", WITH_DEVICE, Permission.DEVICES_READ,
        l1="id profile profile_name category state created_at",
        l2="code name organisation organisation_name region region_path parent online online_since last_seen",
        l3="lon lat tags",
    ),
    "maintained": _table(
        _OPERATIONS, "view: maintenance by the devices that it is about", WITH_DEVICE, Permission.DEVICES_READ,
        l2="id device_id from_at to_at", l3="note",
    ),
    "catalogue_state": _table(
        _OPERATIONS, "view: what is counted of each device", WITH_DEVICE, Permission.DEVICES_READ,
        l2="id region organisation profile_id active in_maintenance online sound expected received",
    ),
    **dict.fromkeys(
        ("reading_1m", "reading_1h", "reading_1d"),
        _table(
            _BUSINESS, "view: rollups of readings", _READINGS, Permission.READINGS_READ,
            l2="series_id bucket n flagged flags", l3="min max sum last",
        ),
    ),
}  # fmt: skip

EXPORTED: Mapping[str, Level] = {
    **TABLES["device"].levels,
    **TABLES["catalogue"].levels,
    "addresses": TABLES["device_address"].levels["address"],
}
"""Levels of the columns of exported sheets and maps."""
