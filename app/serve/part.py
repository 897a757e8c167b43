"""What a hub process is made of: parts that load, run, stop taking, drain and close."""

from typing import Protocol

from hub.lifecycle import Named


class Part(Protocol):
    """A part of a hub process. `drain` comes after an orderly stop only, `close` in any case."""

    async def load(self) -> None:
        """Get ready to take; waits for a store that is not there yet."""

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""

    def stop_taking(self) -> None:
        """Take nothing more."""

    async def drain(self) -> None:
        """Return once everything that was taken is settled."""

    def close(self) -> None:
        """End connections."""
