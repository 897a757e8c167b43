"""Sections of the settings that bound what strangers, devices and callers may do."""

from pydantic import Field

from hub.setting_types import AllowedText, Host, Section
from hub.tls import Trust


class Outside(Section):
    """A service outside the country that may be called."""

    host: Host
    """With all names below it."""
    reason: str = Field(min_length=4, max_length=500)
    """Why; `hub check` shows it."""


class Outgoing(Section):
    """Where the hub may call at URLs that it was given, by purpose: a list of networks and ports, such as
    "10.0.0.0/8:443,8443" (docs/adr/0022). Public addresses at port 443 need no entry for webhooks and logins."""

    webhook: tuple[AllowedText, ...] = ()
    camera: tuple[AllowedText, ...] = ()
    oidc: tuple[AllowedText, ...] = ()
    mail: tuple[AllowedText, ...] = ()
    """Mail servers; public addresses at ports 465 and 587 need no entry."""
    warnings: tuple[AllowedText, ...] = ()
    """Sources of official warnings; public addresses at port 443 need no entry."""
    forward: tuple[AllowedText, ...] = ()
    """Superior platforms that readings are forwarded to (HJ 212); public addresses, too."""
    platform: tuple[AllowedText, ...] = ()
    """Platforms of carriers that are asked for what was missed; public addresses at port 443 need no entry."""
    outside: tuple[Outside, ...] = ()
    """Known services outside the country (hub/access/outside.py) are not called unless they are named here."""
    tls: Trust = Trust()
    """For webhooks, mail servers, sources of warnings, platforms; the login at a provider has its own, `[oidc.tls]`."""


class Limits(Section):
    """Requests a second of each caller, on average, of one process; beyond it 429 with Retry-After."""

    person_per_s: float = Field(default=100.0, gt=0)
    """Ten seconds' worth may come at once."""
    machine_per_s: float = Field(default=2_000.0, gt=0)
    """Of an API key, and of all programs on this machine together while there is no `api.token`."""
    device_per_s: float = Field(default=200.0, gt=0)
    """Of a device's token."""
    anonymous_per_s: float = Field(default=50.0, gt=0)
    """Of an address, without credentials, or with wrong ones. It is slowed down: answers come at this rate."""
    streams: int = Field(default=100, ge=1, le=1000)
    """Streams that a caller has open at a process, over SSE and WebSockets together; one more is refused with 429. All
    callers together may have 1,000."""


class Provisioning(Section):
    """Rate limits of self-registration; bursts of up to one minute's worth."""

    per_address_per_minute: int = Field(default=60, ge=1)
    per_key_per_minute: int = Field(default=600, ge=1)


class Floods(Section):
    """Devices that send what cannot be used, more often than any mistake explains."""

    refused_per_s: float = Field(default=100.0, gt=0)
    """Refused messages of a device that are treated one by one; two seconds' worth may come at once. Beyond it they are
    counted, without a dead letter, and a message with more than a few parts that cannot be used is refused whole."""
    kept_up_s: float = Field(default=10.0, gt=0, le=3600)
    """A device that exceeds the rate for so long is named as flooding, and its accounts are disabled at the broker."""
    disable_s: float = Field(default=300.0, ge=0, le=86400)
    """For how long; 0: they are not."""
