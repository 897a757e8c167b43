"""The addresses that the hub's guard has allowed for one camera, as a child is told them."""

from collections.abc import Sequence

from hub.access.outgoing_call import Purpose


class Addressed:
    """A guard for HttpPeer that knows nothing but these; names are resolved by the hub alone."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = list(addresses)

    async def addresses(self, _purpose: Purpose, _host: str, _port: int) -> list[str]:
        """As they were told."""
        return self._addresses
