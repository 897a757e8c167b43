"""The permissions: one table, from which each route names what it needs."""

from enum import StrEnum


class Permission(StrEnum):
    """What each permission allows."""

    STATUS_READ = "status:read"  # see how the hub itself does: totals, rates, metrics
    METRICS_READ = "metrics:read"  # collect the hub's own metrics
    READINGS_READ = "readings:read"  # see readings, newest and past
    EVENTS_READ = "events:read"  # see events of devices
    ALERTS_READ = "alerts:read"  # see alerts, their history and the stream of their changes
    ALERTS_STEP = "alerts:step"  # acknowledge alerts and move them on, comment, assign and shelve them
    ALERTS_SILENCE = "alerts:silence"  # keep deliveries of alerts back for a while
    ALERTS_RAISE = "alerts:raise"  # report what no sensor has seen as an alert
    WARNINGS_READ = "warnings:read"  # see official warnings, and the devices in their areas
    WARNINGS_WRITE = "warnings:write"  # bring official warnings in
    CASES_READ = "cases:read"  # see cases, their timelines, and the tables of categories and deadlines
    CASES_HANDLE = "cases:handle"  # report cases and move them on, ask for more time, answer a supervision
    CASES_APPROVE = "cases:approve"  # grant extensions and suspensions, coordinate and supervise cases
    CASES_CONFIGURE = "cases:configure"  # import tables of categories and deadlines, and choose what becomes a case
    DRILLS_WRITE = "drills:write"  # start and end exercises and tests of devices, and see how their consumers answered
    DEVICES_READ = "devices:read"  # see devices: the catalogue, its exports, their health and maintenance windows
    DEVICES_WRITE = "devices:write"  # register, import, change and retire devices, and plan their maintenance
    DEVICES_DIAGNOSE = "devices:diagnose"  # see what a device sends as it comes, and why it is refused
    PROFILES_READ = "profiles:read"  # see profiles and the library that they come from
    PROFILES_WRITE = "profiles:write"  # make, change and install profiles
    ORGANISATIONS_READ = "organisations:read"  # see organisations
    ORGANISATIONS_WRITE = "organisations:write"  # make and rename organisations
    REGIONS_READ = "regions:read"  # see administrative divisions
    REGIONS_WRITE = "regions:write"  # load administrative divisions
    RULES_READ = "rules:read"  # see the rules that raise alerts
    RULES_WRITE = "rules:write"  # make, change and switch off rules
    COMMANDS_READ = "commands:read"  # see the commands that devices were given, and their outcome
    COMMANDS_SEND = "commands:send"  # give commands to devices
    CONSUMERS_READ = "consumers:read"  # see who is told of alerts, and how the deliveries go
    CONSUMERS_WRITE = "consumers:write"  # choose who is told of alerts
    CREDENTIALS_READ = "credentials:read"  # see which credentials devices have, never a secret
    CREDENTIALS_WRITE = "credentials:write"  # issue, rotate and revoke credentials of devices
    PROVISIONING_READ = "provisioning:read"  # see which keys devices may register themselves with, never a secret
    PROVISIONING_WRITE = "provisioning:write"  # issue, rotate and delete such keys
    AREAS_READ = "areas:read"  # see named areas and grids
    AREAS_WRITE = "areas:write"  # draw named areas and grids
    CALENDARS_READ = "calendars:read"  # see which days are workdays
    CALENDARS_WRITE = "calendars:write"  # import the workdays of a year
    ROTAS_READ = "rotas:read"  # see who is on duty when, and who is at a desk
    ROTAS_WRITE = "rotas:write"  # plan who is on duty
    ACCESS_READ = "access:read"  # see who was granted what
    ACCESS_WRITE = "access:write"  # make accounts and keys, and grant and take away roles
    CONTACTS_REVEAL = "contacts:reveal"  # see the whole telephone number of a person with an account, for a reason
    SHARES_READ = "shares:read"  # see what organisations let each other see, and how it is used
    SHARES_ASK = "shares:ask"  # ask another organisation to let one's own see its data
    SHARES_DECIDE = "shares:decide"  # grant, refuse and revoke what others asked of an organisation
    LETTERS_READ = "letters:read"  # see dead letters with their payloads
    LETTERS_REPLAY = "letters:replay"  # put dead letters through the hub again
    AUDIT_READ = "audit:read"  # see who did what, and take it out as a file
    INGEST_SEND = "ingest:send"  # send readings and events
    SELF_KEEP = "self:keep"  # keep one's own session, password and second factor: who has logged in, and nobody else
    BROKER_ASK = "broker:ask"  # ask, as a broker, whether a client may connect, publish and subscribe


EVERYTHING = frozenset(Permission)
