"""What network servers of LoRaWAN push over HTTP: whose a message is, and of which kind. Pure."""

from devices.codecs.carriers.envelope import Sent
from devices.codecs.lorawan import chirpstack, chirpstack_json, chirpstack_protobuf, the_things_stack
from devices.schemes import normal

SEPARATOR = b"\n"
"""Between the kind of an event of ChirpStack, which its address tells (?event=up), and its body."""


def of_chirpstack(content: bytes) -> list[Sent]:
    """The message of a push, of which the kind stands before the body; none of a kind that is not known."""
    kind, _, body = content.partition(SEPARATOR)
    event = kind.decode("ascii", "replace")
    if event not in chirpstack.EVENTS:
        return []
    is_json = body[:1] == b"{"
    eui = chirpstack_json.dev_eui(body) if is_json else chirpstack_protobuf.dev_eui(body, event)
    return [Sent(normal("deveui", eui), body, form=event)]


def of_the_things_stack(body: bytes) -> list[Sent]:
    """The message of a push."""
    return [Sent(normal("deveui", the_things_stack.dev_eui(body)), body, form="frame")]
