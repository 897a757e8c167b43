"""When people may be told of what rules find at a device: as the rule's schedule says, by the calendar."""

from datetime import date

from analytics.rules.definitions import Rule
from analytics.rules.schedule import opens
from analytics.rules.slots import NEVER
from devices.registry.registry import Registry
from hub.duty.calendar import Calendar
from hub.models import Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)


class Windows:
    """By what is known at a time; `read` takes over what has changed."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._calendar = registry, Calendar({})
        self.revision = 0
        """Rises when something changed."""

    async def read(self, conn: Connection) -> None:
        """Read what the store knows."""
        named: dict[date, bool] = dict(await (await conn.execute(SQL.days)).fetchall())
        if named != self._calendar.named:
            self._calendar = Calendar(named)
            self.revision += 1

    def opens(self, rule: Rule, device_id: int, at: Micros) -> Micros:
        """From when on, not before `at`, people may be told what a rule finds at a device; NEVER when they may not."""
        if rule.schedule is None:
            return at
        device = self._registry.device(device_id)
        return NEVER if device is None else opens(rule.schedule, at, device.zone, self._calendar)
