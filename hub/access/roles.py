"""Roles: each a set of permissions. The three administrators exclude each other (三权分立).

Security administrators and auditors hold nothing else, and are people.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from hub.access.permissions import Permission


class Role(StrEnum):
    """What a person or a machine is, as far as the hub is concerned."""

    SYSTEM_ADMINISTRATOR = "system_administrator"  # 系统管理员
    SECURITY_ADMINISTRATOR = "security_administrator"  # 安全管理员
    AUDITOR = "auditor"  # 审计管理员
    INTEGRATOR = "integrator"  # 设备集成商
    OPERATOR = "operator"  # 应急值班员
    CASE_WORKER = "case_worker"  # 处置人员
    VIEWER = "viewer"  # 查看人员
    SERVICE = "service"  # 系统对接


_P = Permission
_REFERENCE = frozenset(
    {_P.PROFILES_READ, _P.ORGANISATIONS_READ, _P.REGIONS_READ, _P.RULES_READ, _P.AREAS_READ, _P.CALENDARS_READ}
)
_VIEW = _REFERENCE | {
    *(_P.STATUS_READ, _P.DEVICES_READ, _P.READINGS_READ, _P.EVENTS_READ, _P.ALERTS_READ, _P.WARNINGS_READ),
    _P.CASES_READ,
}
_ASK = {_P.SHARES_READ, _P.SHARES_ASK}
_INTEGRATE = {
    *(_P.DEVICES_WRITE, _P.DEVICES_DIAGNOSE, _P.PROFILES_WRITE, _P.COMMANDS_READ, _P.COMMANDS_SEND),
    *(_P.CREDENTIALS_READ, _P.CREDENTIALS_WRITE, _P.PROVISIONING_READ, _P.PROVISIONING_WRITE),
    *(_P.LETTERS_READ, _P.LETTERS_REPLAY, _P.INGEST_SEND),
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMINISTRATOR: _VIEW
    | _INTEGRATE
    | {
        _P.METRICS_READ,
        _P.RULES_WRITE,
        _P.CONSUMERS_READ,
        _P.CONSUMERS_WRITE,
        _P.ORGANISATIONS_WRITE,
        _P.REGIONS_WRITE,
        _P.AREAS_WRITE,
        _P.CALENDARS_WRITE,
        _P.CASES_CONFIGURE,
        _P.ROTAS_READ,
        _P.WARNINGS_WRITE,
        _P.ROTAS_WRITE,
    },
    Role.SECURITY_ADMINISTRATOR: frozenset(
        {
            _P.ACCESS_READ,
            _P.ACCESS_WRITE,
            _P.CONTACTS_REVEAL,
            _P.SHARES_READ,
            _P.SHARES_DECIDE,
            _P.ORGANISATIONS_READ,
            _P.REGIONS_READ,
            _P.AREAS_READ,
        }
    ),
    Role.AUDITOR: frozenset(
        {_P.AUDIT_READ, _P.ACCESS_READ, _P.SHARES_READ, _P.ORGANISATIONS_READ, _P.REGIONS_READ, _P.AREAS_READ}
    ),
    Role.INTEGRATOR: _VIEW | _INTEGRATE | _ASK,
    Role.OPERATOR: _VIEW
    | _ASK
    | {_P.ALERTS_STEP, _P.ALERTS_RAISE, _P.ALERTS_SILENCE, _P.DRILLS_WRITE, _P.COMMANDS_READ, _P.ROTAS_READ}
    | {_P.CONTACTS_REVEAL, _P.CASES_HANDLE, _P.CASES_APPROVE},
    Role.CASE_WORKER: _VIEW | _ASK | {_P.ALERTS_STEP, _P.ROTAS_READ, _P.CASES_HANDLE},
    Role.VIEWER: _VIEW,
    Role.SERVICE: (_VIEW | {_P.INGEST_SEND, _P.WARNINGS_WRITE}) - {_P.STATUS_READ},
}

HUB_WIDE = frozenset(
    {
        *(_P.PROFILES_WRITE, _P.ORGANISATIONS_WRITE, _P.REGIONS_WRITE, _P.AREAS_WRITE, _P.RULES_WRITE),
        *(_P.CALENDARS_WRITE, _P.CONTACTS_REVEAL, _P.CASES_CONFIGURE),
        *(_P.CONSUMERS_READ, _P.CONSUMERS_WRITE, _P.PROVISIONING_READ, _P.PROVISIONING_WRITE),
        *(_P.AUDIT_READ, _P.LETTERS_REPLAY, _P.ACCESS_READ, _P.ACCESS_WRITE, _P.METRICS_READ, _P.BROKER_ASK),
        _P.WARNINGS_WRITE,
    }
)
"""What concerns the whole hub: only a grant without limits gives it."""

READERS = frozenset({Role.OPERATOR, Role.CASE_WORKER, Role.VIEWER, Role.SERVICE})
"""May have a ceiling: who configures things, or decides who may, has to see what he changes."""

ALONE = frozenset({Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})
"""Held beside no other role, and by no machine."""


def conflict(roles: Iterable[Role]) -> tuple[Role, Role] | None:
    """Two of these roles that one principal may not hold together; None: there are none."""
    held = sorted(set(roles), key=lambda role: (role not in ALONE, role))
    return (held[0], held[1]) if len(held) > 1 and held[0] in ALONE else None
