"""What the hub has subscribed to at a device, its directory and its alarms: dialogs of SIP, renewed before they end."""

from dataclasses import dataclass
from secrets import token_hex

from devices.codecs.gb28181 import writing
from devices.codecs.gb28181.sip import Header, Message
from ingest.sip.peer import Peer
from ingest.sip.requests import Requests

EVENTS = {"Catalog": "Catalog;id={number}", "Alarm": "presence"}
"""By command what stands in Event (GB/T 28181-2022, 9.11)."""
EXPIRES_S = 3600
RENEW_S = 1800.0
"""Half of it: one that is lost meanwhile has a second chance."""


@dataclass(slots=True)
class Subscription:
    """A dialog; without `to` it has not been answered yet."""

    device: str
    command: str
    dialog: tuple[Header, ...] = ()
    number: int = 0
    renew_at: float = 0.0
    """Seconds of the loop's clock."""

    async def renew(self, requests: Requests, peer: Peer, serial: int, now: float) -> bool:
        """Subscribe, or renew it in its dialog; where the device knows that no more, in a new one at the next time."""
        if not self.dialog:
            domain = requests.contact.rpartition("@")[2]
            self.dialog = (
                ("from", f"<{requests.contact}>;tag={token_hex(6)}"),
                ("to", f"<sip:{self.device}@{domain}>"),
                ("call-id", f"{token_hex(12)}@{domain}"),
            )
        self.number += 1
        more = (("event", EVENTS[self.command].format(number=serial)), ("expires", str(EXPIRES_S)))
        body = writing.subscription(self.command, serial, self.device)
        answer = await requests.send(
            peer, requests.request("SUBSCRIBE", peer, self.device, self.dialog, self.number, more, body)
        )
        done = answer is not None and 200 <= answer.status < 300
        if answer is not None and done:
            self.dialog = (self.dialog[0], ("to", _answered(answer)), self.dialog[2])
            self.renew_at = now + RENEW_S
        else:
            self.dialog, self.number = (), 0
            self.renew_at = now + RENEW_S / 6
        return done


def _answered(answer: Message) -> str:
    return answer.header("to")[:512]
