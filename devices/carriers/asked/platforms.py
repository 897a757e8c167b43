"""Which platforms can be asked, and for what; the others offer nothing that is documented."""

from collections.abc import Mapping
from typing import NamedTuple

from devices.carriers.asked import aliyun, ctwing, iotda, onenet, tencent, the_things_stack
from devices.carriers.asked.talk import Ask


class Offers(NamedTuple):
    """What a platform offers."""

    latest: Ask | None = None
    """The newest state of a device."""
    history: Ask | None = None
    """Of a device what was missed; with `whole` of all of them at once."""
    whole: bool = False


OFFERS: Mapping[str, Offers] = {
    "ctwing": Offers(ctwing.latest),
    "onenet": Offers(onenet.latest, onenet.history),
    "iotda": Offers(iotda.latest),
    "aliyun": Offers(aliyun.latest, aliyun.history),
    "tencent": Offers(tencent.latest, tencent.history),
    "the-things-stack": Offers(history=the_things_stack.history, whole=True),
}
"""ChirpStack keeps no uplinks that could be asked for."""
