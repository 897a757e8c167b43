"""Browser sessions: how long one lasts, and what it may do meanwhile. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID

from hub.access.caller import Caller
from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.access_settings import Access

OWN = frozenset({Permission.SELF_KEEP})
"""What a person may do at any time: log out, change the password, enrol a second factor."""
READS = frozenset(permission for permission in Permission if permission.endswith(":read")) | OWN
"""What a locked screen may do: go on showing, also what is new."""


@dataclass(slots=True, frozen=True)
class Certificate:
    """A client certificate, with what is asked of its account as of one who has logged in."""

    principal: UUID
    must_change: bool
    second_factor: bool

    def caller(self, holder: Principal, rules: Access, now: datetime) -> Caller:
        """The caller that shows it; it may nothing but its own account while something has to be done first."""
        caller = holder.caller(now)
        if wanting(holder, self.must_change, self.second_factor, rules, now) is not None:
            return replace(caller, permissions=OWN, grants=())
        return caller


@dataclass(slots=True)
class Session:
    """An open session of an account."""

    id: UUID
    principal: UUID
    expires_at: datetime
    seen_at: datetime
    """When something was last asked for, by the page itself too."""
    active_at: datetime
    """When the person last did something."""
    locked: bool
    must_change: bool
    """Whether the password was made by somebody else, and has to be changed before anything else."""
    second_factor: bool
    """Whether the account has one; or whether the provider says that one was shown."""
    issuer: str | None = None
    """At whose provider the person has logged in; None: at the hub."""

    def over(self, rules: Access, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return now >= self.expires_at or now - self.seen_at > timedelta(seconds=rules.idle_s)

    def is_locked(self, rules: Access, now: datetime) -> bool:
        """Whether its screen is locked: by hand, or because nobody has done anything for a while."""
        idle = rules.lock_s > 0 and now - self.active_at > timedelta(seconds=rules.lock_s)
        return self.locked or idle

    def wanting(self, holder: Principal, rules: Access, now: datetime) -> str | None:
        """What has to be done first: `password`, `second_factor`, `login` at the provider with one; None: nothing."""
        first = wanting(holder, self.must_change, self.second_factor, rules, now)
        return "login" if first == "second_factor" and self.issuer is not None else first

    def caller(self, holder: Principal, rules: Access, now: datetime) -> Caller:
        """The caller that it is now."""
        caller = holder.caller(now)
        if self.wanting(holder, rules, now) is not None:
            return replace(caller, permissions=OWN, grants=())
        if self.is_locked(rules, now):
            return replace(caller, permissions=caller.permissions & READS | OWN)
        return replace(caller, permissions=caller.permissions | OWN)


def wanting(holder: Principal, must_change: bool, second_factor: bool, rules: Access, now: datetime) -> str | None:
    """What has to be done first: `password` or `second_factor`; None: nothing."""
    if must_change:
        return "password"
    held = {str(grant.role) for grant in holder.grants if grant.role and grant.valid(now)}
    return "second_factor" if not second_factor and not held.isdisjoint(rules.two_factor) else None


def new_token() -> str:
    """A new random token for a cookie: 256 bits."""
    return token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """What is kept of a token."""
    return sha256(token.encode(errors="replace")).digest()
