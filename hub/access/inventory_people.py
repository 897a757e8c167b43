"""The part of the inventory (hub/access/inventory.py) about people and machines, and what they may."""

from collections.abc import Mapping

from hub.access.classification import DataClass
from hub.access.inventory_table import Table, table
from hub.access.permissions import Permission

_USER, _MANAGEMENT, _OPERATIONS = DataClass.USER, DataClass.MANAGEMENT, DataClass.OPERATIONS

PEOPLE: Mapping[str, Table] = {
    "principal": table(
        _USER,
        "people and machines that may use the hub",
        "until erased; the audit keeps the id",
        Permission.ACCESS_READ,
        l1="id kind created_at",
        l2="organisation state",
        l3="name display_name",
    ),
    "access_grant": table(
        _USER,
        "who holds which role, for what and until when",
        "until taken back; the audit keeps that it was",
        Permission.ACCESS_READ,
        l2="id principal_id role organisation region area valid_from valid_to ceiling granted_by granted_at",
    ),
    "account": table(
        _USER,
        "how people show who they are",
        "until erased",
        Permission.ACCESS_READ,
        l1="principal_id must_change changed_at",
        l2="totp_step issued_by",
        l4="password_hash totp_secret totp_pending recovery_codes",
    ),
    "contact": table(
        _USER,
        "telephone numbers of people with accounts, encrypted: masked when read, and revealed for a reason",
        "until removed or erased",
        Permission.CONTACTS_REVEAL,
        l2="principal_id changed_at",
        l4="phone",
    ),
    "login_session": table(
        _USER,
        "from where an account is, or was, logged in",
        "90 days after its end",
        Permission.ACCESS_READ,
        l2="id principal_id created_at seen_at active_at expires_at locked guesses ended_at ended_why "
        "issuer second_factor",
        l3="address agent",
        l4="token_hash",
    ),
    "oidc_identity": table(
        _USER,
        "who logs in at the provider",
        "until erased",
        None,
        l2="principal_id created_at seen_at",
        l3="issuer subject",
    ),
    "oidc_login": table(
        _USER,
        "logins at the provider that have begun",
        "ten minutes",
        None,
        l2="next anew created_at",
        l4="cookie_hash former",
    ),
    "api_key": table(
        _USER,
        "keys of machines",
        "until erased; a revoked one opens nothing",
        Permission.ACCESS_READ,
        l2="id principal_id label created_by created_at expires_at last_used_at revoked_at",
        l4="secret_hash",
    ),
    "sealed_only": table(
        _OPERATIONS,
        "that all secrets of others are encrypted",
        "one row",
        None,
        l1="one since",
    ),
    "client_certificate": table(
        _USER,
        "whose a client certificate is that a gateway has checked",
        "until removed",
        None,
        l2="principal_id created_by created_at",
        l3="subject",
    ),
    "data_share": table(
        _MANAGEMENT,
        "what organisations let each other see, and what for",
        "kept: who was let see what",
        Permission.SHARES_READ,
        l2="id owner consumer purpose kinds devices metrics event_kinds state valid_to ceiling note asked_by asked_at "
        "decided_by decided_at",
    ),
    "share_use": table(
        _USER,
        "how often who used a share on a day",
        "kept with its share",
        Permission.SHARES_READ,
        l2="share_id day uses last_at actor",
    ),
    "calendar_day": table(
        _MANAGEMENT,
        "public holidays and the workdays that make up for them",
        "until imported anew",
        Permission.CALENDARS_READ,
        l1="date workday name",
    ),
    "rota": table(
        _MANAGEMENT,
        "at what hours a desk is staffed, and in what order",
        "until deleted",
        Permission.ROTAS_READ,
        l1="code unit from_date handover_minutes",
        l2="name organisation region zone shifts leader scope",
    ),
    "rota_member": table(
        _USER,
        "whose turn it is when",
        "with its rota: 500 at most",
        Permission.ROTAS_READ,
        l2="rota turn principal_id",
    ),
    "rota_substitute": table(
        _USER,
        "who stands in for whom",
        "with its rota: 500 at most",
        Permission.ROTAS_READ,
        l2="rota instead_of from_at to_at principal_id",
    ),
    "handover": table(
        _USER,
        "what a shift handed over to the next, who made it and who took it over",
        "alerts.keep_days",
        Permission.ROTAS_READ,
        l1="id begins_at change_at made_at cursor withdrawn_at taken_at zone",
        l2="rota rota_name organisation region shift outgoing incoming leader substitutes made_by taken_by scope",
        l3="note taken_note",
    ),
    "handover_item": table(
        _USER,
        "what was open, kept back, degraded or unguarded then",
        "with its handover (alerts.keep_days)",
        Permission.ROTAS_READ,
        l1="handover_id n kind alert_id case_id silence_id",
        l2="device_id",
        l3="facts",
    ),
    "desk_presence": table(
        _USER,
        "who is at a desk, so that an alert does not wait for nobody",
        "a day after it was last proven",
        Permission.ROTAS_READ,
        l2="principal_id clicked_at clicked_until streamed_until",
    ),
    "desk_hour": table(
        _USER,
        "in which minutes somebody was at a desk: what the alerts of an hour are divided by",
        "alerts.keep_days",
        Permission.ALERTS_READ,
        l1="hour",
        l2="principal_id minutes",
    ),
}
