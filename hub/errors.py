"""Errors of the hub. An error's docstring is its message's first half; the second half says what happened.

HubError
├── ConfigError          the configuration cannot be used; names the key and the line
├── TransientError       the same attempt may succeed later: keep the delivery unsettled and try again
│   ├── StoreUnavailable
│   │   └── AuditUnavailable  nothing that must be audited can be done now
│   ├── BrokerUnavailable
│   └── DeviceAway
├── Superseded           another worker has taken over: drop the work, it is done elsewhere
├── StaleDecision        of a stage (hub/stage.py): restore it and decide again
└── PermanentError       the same attempt will fail again: dead-letter it and go on
    ├── StoreRefused
    ├── BrokerRefused    of an order to the broker itself; what was asked for was not done
    ├── HistoryRefused   of a file of readings; nothing is guessed
    └── DecodeError      carries a reason code, a sentence for a device integrator, and the place of the fault
"""

from collections.abc import Sequence

At = str | int | None
"""The place of a fault in a payload: a JSON Pointer (RFC 6901) or a byte offset from 0; None when it has none."""


class HubError(Exception):
    """The hub failed"""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail

    def __str__(self) -> str:  # made when it is asked for: a refused message's never is
        what = (type(self).__doc__ or "").strip()
        return f"{what}: {self.detail}" if self.detail else what


class ConfigError(HubError):
    """The configuration cannot be used"""


class TransientError(HubError):
    """Not possible at the moment"""


class StoreUnavailable(TransientError):
    """The database cannot be reached or cannot commit now"""


class AuditUnavailable(StoreUnavailable):
    """The audit cannot be written"""


class BrokerUnavailable(TransientError):
    """The message broker cannot be reached"""


class DeviceAway(TransientError):
    """The device is not connected"""


class Superseded(HubError):
    """Another worker has taken over this partition"""


class PermanentError(HubError):
    """Not possible"""


class StoreRefused(PermanentError):
    """The database refuses this content"""


class BrokerRefused(PermanentError):
    """The message broker refuses an order"""


class HistoryRefused(PermanentError):
    """The file cannot be imported"""


class DecodeError(PermanentError):
    """The payload cannot be read"""

    def __init__(
        self, reason: str, detail: str, at: At = None, faults: Sequence[tuple[str, str, At]] | None = None
    ) -> None:
        """`faults`: (reason, detail, at) of every rejected part, this one first; default: only this one."""
        self.reason, self.detail, self.at = reason, detail, at
        self._faults = faults

    @property
    def faults(self) -> Sequence[tuple[str, str, At]]:
        """(reason, detail, at) of every rejected part; at least one."""
        return self._faults or [(self.reason, self.detail, self.at)]
