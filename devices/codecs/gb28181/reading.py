"""What of a body of MANSCDP is read, by the names of its elements and attributes, in lower case. Pure.

Whatever else stands there is of vendors, such as who carries a device. Where a device is, is not among it: in an alarm
or a MobilePosition it is where somebody is.
"""

_EVERY = frozenset({"cmdtype", "sn", "deviceid"})
ALARM = _EVERY | {
    "alarmpriority", "alarmmethod", "alarmtime", "alarmdescription", "info", "alarminfo", "alarmtype", "alarmtypeparam",
}  # fmt: skip
READ = ALARM | {"eventtype", "sumnum", "devicelist", "num", "item", "status", "event", "result", "online", "time"}
"""Of all commands."""
