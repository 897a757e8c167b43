"""`hub check` for mosquitto's dynamic security plugin: whether it responds, and missing accounts."""

import asyncio

from app.check.finding import Finding
from devices.credentials.broker_access import (
    Compared,
    compared,
    lost_accounts,
    take_own_role,
    unbound_accounts,
    unbound_credentials,
)
from devices.credentials.dynsec import Dynsec
from hub.errors import BrokerUnavailable, HubError
from hub.settings import Settings
from ingest.mqtt.control import ControlLink

CONNECT_S = 5.0
BINDING = (
    "rotate their credentials, or set mqtt.bind_client_ids = true once each device's client id is its user name: "
    "docs/BROKERS.md"
)


async def check_access(settings: Settings) -> list[Finding]:
    """Findings about device access control on the broker."""
    mqtt = settings.mqtt
    if mqtt.access == "none":
        advice = 'set mqtt.access to "dynsec" (mosquitto) or "http" (EMQX), and issue credentials'
        what = "broker: it is not told what a device may do, nor that a client id belongs to one account"
        return [Finding("warn", what, advice)]
    if mqtt.access == "http":
        return [await _asking(settings)]
    link = ControlLink(mqtt)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run(), name="control")
        findings = await _compared(settings, link)
        running.cancel()
    return findings


async def _asking(settings: Settings) -> Finding:
    """For a broker that asks the hub."""
    where = "broker: it asks the hub at /api/v1/broker/auth and /api/v1/broker/acl"
    try:
        unbound = [] if settings.mqtt.bind_client_ids else await unbound_credentials(settings.database.url)
    except HubError as error:
        return Finding("fail", f"{where}; credentials cannot be read: {error.detail}", "check database.url")
    if unbound:
        return Finding("warn", f"{where}; {unbound_accounts(unbound)}", BINDING)
    return Finding("ok", f"{where}; its body must hold clientid, for an account of a device is refused any but its own")


async def _compared(settings: Settings, link: ControlLink) -> list[Finding]:
    mqtt = settings.mqtt
    try:
        await _connected(link)
        await take_own_role(mqtt, link)  # as the hub does at its start: without it the rest could not be checked
        found = await compared(settings.database.url, mqtt, Dynsec(link))
    except HubError as error:
        what = f"broker: dynamic security cannot be checked: {error.detail}"
        return [Finding("fail", what, "mosquitto: plugin mosquitto_dynamic_security.so, and the hub's account in it")]
    return _told(found)


def _told(found: Compared) -> list[Finding]:
    if found.lost:
        findings = [Finding("fail", f"broker: {lost_accounts(found.lost)}")]
    else:
        findings = [Finding("ok", "broker: dynamic security answers, and has the account of each credential in use")]
    if found.unbound:
        findings.append(Finding("warn", f"broker: {unbound_accounts(found.unbound)}", BINDING))
    if found.certificates:
        what = f"broker: it does not ask its plugin about the {found.certificates} devices with certificates"
        findings.append(Finding("ok", f"{what}: their listener must say use_username_as_clientid true"))
    return findings


async def _connected(link: ControlLink) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            while not link.connected:  # noqa: ASYNC110 it has no event for it, and this is a check by hand
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise BrokerUnavailable(f"no connection within {CONNECT_S:.0f} s") from None
