"""What the hub stores of its exchange with others: pushes of platforms, forwarding, official warnings.

See inventory.py.
"""

from collections.abc import Mapping

from hub.access.classification import DataClass
from hub.access.inventory_table import Table
from hub.access.inventory_table import table as _table
from hub.access.permissions import Permission

_BUSINESS, _MANAGEMENT, _OPERATIONS = DataClass.BUSINESS, DataClass.MANAGEMENT, DataClass.OPERATIONS

EXCHANGE: Mapping[str, Table] = {
    "push_subscription": _table(
        _MANAGEMENT, "what platforms of carriers and clouds push, and when each was heard", "until deleted",
        Permission.PROVISIONING_READ,
        l2="code platform name networks organisation region profile_id rhythm_s enabled created_at heard_at pushes day "
        "longest_s longest_before_s silent_since back_at api_url api_id api_scope api_per_s api_error api_error_words",
        l4="secret key api_secret",
    ),
    "push_sender": _table(
        _MANAGEMENT, "devices as platforms know them, which of them wait to be accepted",
        "with its subscription, which is deleted", Permission.PROVISIONING_READ,
        l2="subscription product first_at heard_at waits", l3="address imei",
    ),
    "sip_registration": _table(
        _OPERATIONS, "where cameras and platforms that register over SIP are, and until when",
        "sip.keep_days after it is over", Permission.DEVICES_READ,
        l2="transport expires_at version agent at since heard_at status manufacturer model firmware channels "
        "told_at twin_at",
        l3="id host port faulty twin_peers",
    ),
    "viid_registration": _table(
        _OPERATIONS, "where view libraries that register over HTTP are, and how much about persons they sent",
        "until they are silent or log out",
        Permission.DEVICES_READ, l2="agent at dropped dropped_at", l3="id host",
    ),
    "push_gap": _table(
        _OPERATIONS, "when nothing of a device could come through its subscription, and what is known of that",
        "health.keep_days", Permission.DEVICES_READ,
        l2="device_id from_at to_at subscription cause state attempts latest_at due_at why why_words",
    ),
    "push_listening": _table(
        _OPERATIONS, "until when the hub could take what platforms push", "one row", None, l2="one until_at",
    ),
    "camera_connection": _table(
        _MANAGEMENT, "which cameras are asked, where and by which login, which push, and how each does",
        "with its device", Permission.DEVICES_READ,
        l2="device_id kind pushes enabled patrolled created_at changed_at state since heard_at",
        l3="url last_error last_error_words analysis figures", l4="login secret_hash",
    ),
    "patrol_visit": _table(
        _OPERATIONS, "how each camera was found that is visited by turns", "until it is visited no more",
        Permission.DEVICES_READ, l2="device_id visited_at result faults refused round skipped held_from",
        l3="telling place held outage",
    ),
    "patrol_round": _table(
        _OPERATIONS, "since when the patrol goes round, and how long the last round took", "one row",
        Permission.DEVICES_READ, l2="one began_at ended_at last_s last_cameras number",
    ),
    "network_listening": _table(
        _OPERATIONS, "how the brokers of networks are heard", "one row a network, until the settings name it no more",
        None, l2="name protocol scheme reader rhythm_s at away_since connected_at heard_at messages day longest_s "
        "longest_before_s back_at",
    ),
    "network_sender": _table(
        _OPERATIONS, "who was heard through the broker of a network", "with its network", None,
        l2="network heard_at", l3="address via",
    ),
    "diode_chain": _table(
        _OPERATIONS, "how far the numbers of each edge behind a data diode have come", "until the database goes",
        Permission.PROVISIONING_READ,
        l1="highest complete kept_from files messages again given_up",
        l2="edge chain first_at heard_at back_at arrived_at written_at clock moved_s",
    ),
    "diode_file": _table(
        _OPERATIONS, "which files of edges were taken, by number and digest", "diode.keep_days", None,
        l2="edge chain number digest previous messages written_at taken_at moved_us heard_at stored_at",
    ),
    "diode_aside": _table(
        _OPERATIONS, "files of edges that were set aside, and why", "diode.keep_days", Permission.PROVISIONING_READ,
        l2="id at file reason detail edge chain number again_at",
    ),
    "diode_beside": _table(
        _OPERATIONS, "which files of edges were taken beside their number", "diode.keep_days", None,
        l2="digest edge chain number moved_us taken_at stored_at",
    ),
    "diode_gap": _table(
        _OPERATIONS, "view: numbers of edges that are missing", "with `diode_chain`", Permission.PROVISIONING_READ,
        l2="edge chain from_number to_number since",
    ),
    "diode_sender": _table(
        _OPERATIONS, "through which edge a device was heard last", "with its device", None, l2="device_id edge",
    ),
    "forward_target": _table(
        _MANAGEMENT, "who is forwarded readings and alarms as they come, and of which devices", "until deleted",
        Permission.CONSUMERS_READ,
        l2="id code name kind host port number station_kind platform at_once organisation region tag scope_key ceiling "
        "enabled",
        l4="password",
    ),
    "forward_position": _table(
        _OPERATIONS, "how far each target of forwarding has what it is to have", "with its target",
        Permission.CONSUMERS_READ, l1="acknowledged newest request_number", l2="target_id moved_at failing_since",
        l3="last_error last_error_words",
    ),
    "forward_report": _table(
        _BUSINESS, "readings and alarms for targets of forwarding, as they were stored or told",
        "forwards.keep_days after it is acknowledged, forwards.pending_days without, or its target", None,
        l2="id target_id device_id ts command part station_kind packet request_number attempts made_at next_at "
        "acknowledged_at", l3="original measured",
    ),
    "forward_registration": _table(
        _OPERATIONS, "how the hub is registered at superior platforms of GB/T 28181", "with its target",
        Permission.CONSUMERS_READ,
        l2="target_id registered_at expires_at heard_at responds catalogue_at catalogue_channels",
    ),
    "forward_subscription": _table(
        _OPERATIONS, "which news superior platforms of GB/T 28181 have asked for", "with its target",
        Permission.CONSUMERS_READ, l2="target_id event expires_at number", l3="call_id local remote contact",
    ),
    "forward_grant": _table(
        _MANAGEMENT, "devices that superior platforms of GB/T 28181 are granted, of the targets' scopes", "a view",
        Permission.CONSUMERS_READ, l1="category", l2="target_id device_id channel ceiling",
    ),
    "forward_channel": _table(
        _OPERATIONS, "the directory as superior platforms that subscribe to it were told it", "with its target", None,
        l2="target_id channel online content",
    ),
    "warning": _table(
        _BUSINESS, "official warnings (预警), which are public", "warnings.keep_days after its last change",
        Permission.WARNINGS_READ,
        l1="id identifier status type sent kind level ends_at refers_to divisions regions rings content sources "
        "listed_by trust ended_as ended_by contradicted_by first_at changed_at told_at told_as told_digest told_seq",
    ),
    "warning_message": _table(
        _BUSINESS, "what each source has said of a warning", "with its warning (warnings.keep_days)",
        Permission.WARNINGS_READ,
        l1="id warning_id source format digest received_at content", l2="received_by",
    ),
    "warning_delivery": _table(
        _OPERATIONS, "official warnings for consumers", "with its warning (warnings.keep_days), or its consumer", None,
        l1="id warning_id seq kind at picture state attempts next_at settled_at", l2="consumer_id", l3="last_error",
    ),
    "warning_source": _table(
        _OPERATIONS, "how the sources of warnings do that are pulled", "one row a source, 30 days after its last try",
        None, l2="name tried_at heard_at etag last_modified failing_since last_error last_error_words",
    ),
}  # fmt: skip
