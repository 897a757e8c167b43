"""What a message says about who is there: it is a sign of life of its device, and of the gateway that brought it."""

from devices.codecs.decoded import Decoded
from devices.health.last_seen import SeenDevices
from devices.health.statuses import ReportedStatuses, RetainedStatuses
from hub.models import HUB, Batch, Micros, Raw


def note_heard(
    device: int, gateway: int | None, decoded: Decoded, newest: Micros, raw: Raw, batch: Batch, life: SeenDevices
) -> None:
    """Note the device (its id) and its gateway as seen, or what its status message says; `newest` of the readings.

    What the broker had retained is no sign of life, and neither is what the hub finds out. What a platform pushes late,
    or in another order, counts at the time of the platform.
    """
    heard = raw.received if decoded.heard is None else min(decoded.heard, raw.received)
    if decoded.online is not None and raw.retained:
        batch.of(RetainedStatuses)[device] = decoded.online
    elif decoded.online is not None:
        said = batch.of(ReportedStatuses)
        if device not in said or said[device][1] <= heard:
            said[device] = decoded.online, heard
    if raw.origin.form == "status" or decoded.online is False:
        return  # a broker tells it, or a network: the device itself may be gone
    if raw.origin.transport != HUB and not raw.retained:
        if device not in life or life[device][0] <= heard:
            life[device] = heard, _told_time(decoded, newest)
        if gateway is not None:  # of whose clock it tells nothing
            life[gateway] = raw.received, life.get(gateway, (0, 0))[1]


def _told_time(decoded: Decoded, newest: Micros) -> Micros:
    """Newest device timestamp in a message; 0 when part of it has none."""
    if decoded.timeless:
        return 0
    return max([newest, *(draft.ts or 0 for draft in decoded.events)]) if decoded.events else newest
