"""All that happened to one alert, in pages: an alert that flaps for a year has thousands of changes."""

from typing import Any
from uuid import UUID

from api.context import Context, Here
from api.cursors import Page, Paged
from api.database import read
from api.language import Spoken
from api.problems import not_found, responses
from api.routes.alert_body import AlertDelivery, AlertStep
from api.routes.alerts import SQL, shown_change, shown_delivery
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
_CHANGES = {"seq": int}
_DELIVERIES = {"seq": int, "consumer": str}


@router.get("/{alert_id}/changes", response_model=Page[AlertStep], responses=responses(404))
@needs(Permission.ALERTS_READ)
async def list_changes(alert_id: UUID, paging: Paged, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Changes of an alert, newest first."""
    await _there(context, alert_id)
    found = await read(context, SQL.alert_changes, {"id": alert_id, **paging.after(_CHANGES)})
    return paging.page([shown_change(each, caller, spoken) for each in found], _CHANGES)


@router.get("/{alert_id}/deliveries", response_model=Page[AlertDelivery], responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def list_deliveries(alert_id: UUID, paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Deliveries of an alert's changes to consumers, newest first."""
    await _there(context, alert_id)
    found = await read(context, SQL.alert_deliveries, {"id": alert_id, **paging.after(_DELIVERIES)})
    page = paging.page(found, _DELIVERIES)
    return {**page, "items": [shown_delivery(each, spoken) for each in page["items"]]}


async def _there(context: Context, alert_id: UUID) -> None:
    if not await read(context, SQL.alert_is_there, {"id": alert_id}):
        raise not_found("alert", alert_id)
