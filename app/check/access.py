"""`hub check` for mosquitto's dynamic security plugin: whether it responds, and missing accounts."""

import asyncio

from app.check.finding import Finding
from devices.credentials.broker_access import lost_accounts, lost_by_broker, take_own_role
from devices.credentials.dynsec import Dynsec
from hub.errors import BrokerUnavailable, HubError
from hub.settings import Settings
from ingest.mqtt.control import ControlLink

CONNECT_S = 5.0


async def check_access(settings: Settings) -> list[Finding]:
    """Findings about device access control on the broker."""
    mqtt = settings.mqtt
    if mqtt.access == "none":
        advice = 'set mqtt.access to "dynsec" (mosquitto) or "http" (EMQX), and issue credentials'
        return [Finding("warn", "broker: it is not told what a device may do", advice)]
    if mqtt.access == "http":
        return [Finding("ok", "broker: it asks the hub at /api/v1/broker/auth and /api/v1/broker/acl")]
    link = ControlLink(mqtt)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run(), name="control")
        finding = await _compared(settings, link)
        running.cancel()
    return [finding]


async def _compared(settings: Settings, link: ControlLink) -> Finding:
    mqtt = settings.mqtt
    try:
        await _connected(link)
        await take_own_role(mqtt, link)  # as the hub does at its start: without it the rest could not be checked
        lost = await lost_by_broker(settings.database.url, mqtt, Dynsec(link))
    except HubError as error:
        what = f"broker: dynamic security cannot be checked: {error.detail}"
        return Finding("fail", what, "mosquitto: plugin mosquitto_dynamic_security.so, and the hub's account in it")
    if lost:
        return Finding("fail", f"broker: {lost_accounts(lost)}")
    return Finding("ok", "broker: dynamic security answers, and has the account of each credential in use")


async def _connected(link: ControlLink) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            while not link.connected:  # noqa: ASYNC110 it has no event for it, and this is a check by hand
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise BrokerUnavailable(f"no connection within {CONNECT_S:.0f} s") from None
