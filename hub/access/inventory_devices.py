"""What the hub stores of devices beside what they measure: hub/access/inventory.py has it with the rest."""

from collections.abc import Mapping

from hub.access.classification import DataClass
from hub.access.inventory_table import Table, table
from hub.access.permissions import Permission

_BUSINESS, _MANAGEMENT, _OPERATIONS = DataClass.BUSINESS, DataClass.MANAGEMENT, DataClass.OPERATIONS
EACH_DEVICE = "one row a device"
WITH_DEVICE = "with the device, which is retired, never deleted"

DEVICES: Mapping[str, Table] = {
    "credential": table(
        _MANAGEMENT, "accounts of devices on the broker and their hashed secrets",
        "kept when revoked: their names are not given twice", Permission.CREDENTIALS_READ,
        l2="id device_id kind provisioning_key created_at rotated_at revoked_at revision bound", l3="username",
        l4="secret_hash",
    ),
    "provisioning_key": table(
        _MANAGEMENT, "keys by which devices register themselves", "until deleted", Permission.PROVISIONING_READ,
        l2="code organisation profile_id state device_limit used expires_at enabled created_at rotated_at",
        l4="key_hash",
    ),
    "session": table(
        _OPERATIONS, "which process a device is connected to", EACH_DEVICE, None,
        l2="device_id holder epoch transport since ended_at frame_at twin_at", l3="peer twin_peers",
    ),
    "session_holder": table(
        _OPERATIONS, "processes that hold sessions", "seconds after a process ended", None, l2="id broker at",
    ),
    "mqtt_session": table(
        _OPERATIONS, "the hub's own client ids at the broker", "one row a name", Permission.STATUS_READ,
        l2="name handed_over held_at lost_at lost_since taken_over_at whole filters", l3="client_id",
    ),
    "device_seen": table(
        _BUSINESS, "when a device was last heard", EACH_DEVICE, Permission.DEVICES_READ,
        l2="device_id seen_at clock_offset_s",
    ),
    "device_status": table(
        _BUSINESS, "what a device says of itself", EACH_DEVICE, Permission.DEVICES_READ, l2="device_id online at",
    ),
    "device_link": table(
        _BUSINESS, "how the network of a device receives it", EACH_DEVICE, Permission.DEVICES_READ,
        l2="device_id at session counter received missed resets repeats rssi snr gateway gateways battery margin "
        "external_power told_at note note_at",
    ),
    "device_health": table(
        _BUSINESS, "who is there, as decided", EACH_DEVICE, Permission.DEVICES_READ,
        l2="device_id online since cause finding finding_at told",
    ),
    "device_online": table(
        _BUSINESS, "when devices came and went", "health.keep_days", Permission.DEVICES_READ,
        l2="device_id at online cause",
    ),
    "camera_state": table(
        _BUSINESS, "how cameras were, from when to when", "health.keep_days", Permission.DEVICES_READ,
        l2="device_id from_at to_at state why turn",
    ),
    "camera_total": table(
        _BUSINESS, "how long cameras were so until the begin of each day", "health.keep_days", Permission.DEVICES_READ,
        l2="day device_id sound_s faulty_s offline_s unknown_s maintained_s",
    ),
    "camera_gap": table(
        _OPERATIONS, "when nobody judged how cameras were", "health.keep_days", Permission.DEVICES_READ,
        l2="from_at to_at",
    ),
    "camera_place": table(
        _BUSINESS, "how cameras' places look, 192 pixels wide: what has become place, and nothing that came into it",
        "pictures.keep_days after it was learned last; with its device", None,
        l2="device_id source learned_at", l4="place",
    ),
    "camera_watch": table(
        _OPERATIONS, "until when it is known how cameras were", "one row", Permission.DEVICES_READ, l2="one at",
    ),
    "device_flood": table(
        _OPERATIONS, "devices that send what cannot be used too often", EACH_DEVICE, Permission.DEVICES_DIAGNOSE,
        l2="device_id since last_at refused disabled_at disabled_until",
    ),
    "device_address": table(
        _MANAGEMENT, "how protocols and platforms call devices: MN, station number, IMEI", WITH_DEVICE,
        Permission.DEVICES_READ, l2="scheme device_id created_at", l3="address",
    ),
    "device_control": table(
        _MANAGEMENT, "which regulated monitors may be controlled from outside, who asked and approved, and why",
        EACH_DEVICE, Permission.COMMANDS_READ, l2="device_id until asked_by asked_at approved_by approved_at",
        l3="reason",
    ),
    "station_password": table(
        _MANAGEMENT, "what single stations that dial in must show; sealed", "until taken away, or with the device",
        Permission.CREDENTIALS_READ, l2="device_id protocol former_until set_at", l4="password former",
    ),
    "poll_state": table(
        _OPERATIONS, "how slaves and lines that are polled answer", EACH_DEVICE, Permission.DEVICES_DIAGNOSE,
        l2="device_id line_id connected_at ended_at asked answered complaints complaint silent_since exception "
        "registers changed_at", l3="address",
    ),
    "device_no_news": table(
        _OPERATIONS, "retained and empty messages of a device", EACH_DEVICE, Permission.DEVICES_DIAGNOSE,
        l2="device_id retained empty last_at", l3="address",
    ),
    "code_table": table(
        _MANAGEMENT, "what operators say that codes of protocols mean", "kept: readings were understood by it",
        Permission.PROFILES_READ, l2="protocol version body at changed_by revision",
    ),
    "guard_off": table(
        _OPERATIONS, "states of devices that switch a guard off", "health.keep_days, once it is on again",
        Permission.DEVICES_READ, l2="device_id part kind since over_at told",
    ),
    "unmapped_code": table(
        _OPERATIONS, "codes that devices sent and no table knows", "health.keep_days",
        Permission.DEVICES_READ, l2="device_id protocol what code count first_at last_at", l3="example",
    ),
    "device_unused": table(
        _OPERATIONS, "members of messages that nothing is made of, by name", "health.keep_days",
        Permission.DEVICES_DIAGNOSE, l2="device_id name first_at last_at",
    ),
    "completeness": table(
        _BUSINESS, "readings expected and received, by device and day", "health.keep_days", Permission.DEVICES_READ,
        l2="device_id day expected received counted_at",
    ),
    "listening": table(
        _OPERATIONS, "since when each process has heard everything", "one row a process that lives", None,
        l2="source ears since at told_at",
    ),
    "catalogue_unheard": table(
        _OPERATIONS, "devices that were never heard", "until they are", Permission.DEVICES_READ, l2="device_id",
    ),
    "catalogue_count": table(
        _OPERATIONS, "counts of large fleets", "made again every few minutes", Permission.DEVICES_READ,
        l2="county organisation profile_id catalogued active in_maintenance online sound expected received",
    ),
    "catalogue_counted": table(
        _OPERATIONS, "when they were made", "one row", None, l1="one at took_s",
    ),
}  # fmt: skip
