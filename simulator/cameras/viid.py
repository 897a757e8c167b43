"""A view library (视图库) of GA/T 1400: registers, is alive, tells of devices, and of persons as real ones do."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from devices.codecs.gat1400.writing import system_part

TYPE = "application/VIID+JSON;charset=UTF-8"
PATIENCE_S = 20.0


class ViewLibrary:
    """One platform; `async with` opens and closes its connections."""

    def __init__(self, id_: str, url: str, password: str, *, username: str = "") -> None:
        """`url` of the hub, without a path."""
        self.id = id_
        self._login = httpx.DigestAuth(username or id_, password)
        self.last_login = ""
        """What it showed last."""
        self._http = httpx.AsyncClient(
            base_url=url, timeout=PATIENCE_S, trust_env=False, headers={"User-Identify": id_, "Content-Type": TYPE}
        )

    async def __aenter__(self) -> "ViewLibrary":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def register(self) -> httpx.Response:
        """Register with the password, after the hub has asked for it."""
        body = system_part("Register", self.id)
        answer = await self._http.post("/VIID/System/Register", content=body, auth=self._login)
        self.last_login = answer.request.headers.get("authorization", "")
        return answer

    async def keepalive(self) -> httpx.Response:
        """Be alive."""
        return await self._http.post("/VIID/System/Keepalive", content=system_part("Keepalive", self.id))

    async def unregister(self) -> httpx.Response:
        """Log out."""
        return await self._http.post("/VIID/System/UnRegister", content=system_part("UnRegister", self.id))

    async def time(self) -> httpx.Response:
        """Ask for the hub's time."""
        return await self._http.get("/VIID/System/Time")

    async def notify(self, number: str, subscription: str = "s1", /, **lists: Mapping[str, Any]) -> httpx.Response:
        """Tell lists, such as DeviceStatusList={"APEStatusObject": [...]}."""
        told = {
            "NotificationID": number,
            "SubscribeID": subscription,
            "TriggerTime": "20260912173041",
            "InfoIDs": "i1",
            **lists,
        }
        return await self.post("SubscribeNotifications", {
            "SubscribeNotificationListObject": {"SubscribeNotificationObject": [told]}
        })  # fmt: skip

    async def states(self, number: str, online: Mapping[str, bool], subscription: str = "s1") -> httpx.Response:
        """Tell whether devices are there, by their 20 digits."""
        told = [state(id_, is_there) for id_, is_there in online.items()]
        return await self.notify(number, subscription, DeviceStatusList={"APEStatusObject": told})

    async def post(self, resource: str, document: object) -> httpx.Response:
        """Send whatever it is to a resource under /VIID."""
        return await self._http.post(f"/VIID/{resource}", json=document)

    async def send(self, method: str, path: str, body: bytes, **headers: str) -> httpx.Response:
        """Send octets as they are."""
        return await self._http.request(method, path, content=body, headers=headers)


def state(id_: str, online: bool) -> dict[str, str]:
    """An APEStatusObject."""
    return {"ApeID": id_, "CurrentTime": "20260912173041", "IsOnline": "1" if online else "2"}


def device(id_: str, name: str, **more: object) -> dict[str, object]:
    """An APEObject, with what platforms tell of it besides."""
    return {
        "ApeID": id_, "Name": name, "Model": "DS-2CD", "IPAddr": "10.1.2.3", "IPV6Addr": "", "Port": 8000,
        "Longitude": 120.155, "Latitude": 30.2741, "PlaceCode": id_[:6], "Place": "", "OrgCode": "", "IsOnline": "1",
        "UserId": "admin", "Password": "secret", "FunctionType": "5", **more,
    }  # fmt: skip


def tollgate(id_: str, name: str) -> dict[str, object]:
    """A TollgateObject."""
    return {
        "TollgateID": id_, "Name": name, "Longitude": "120.2", "Latitude": "30.3", "PlaceCode": id_[:6], "Status": "1",
        "TollgateCat": "50", "TollgateUsage": "80",
    }  # fmt: skip


def people(plates: Sequence[str], names: Sequence[str], picture: str) -> dict[str, Mapping[str, Any]]:
    """Lists about persons and vehicles, each with a picture in Base64."""
    images = {"SubImageInfoObject": [{"ImageID": "im1", "Type": "11", "Data": picture}]}
    return {
        "FaceObjectList": {"FaceObject": [
            {"FaceID": f"f{number}", "Name": name, "IDNumber": "330106199001011234", "SubImageList": images}
            for number, name in enumerate(names)
        ]},
        "PersonObjectList": {"PersonObject": [{"PersonID": "p1", "Name": name} for name in names]},
        "MotorVehicleObjectList": {"MotorVehicleObject": [
            {"MotorVehicleID": f"m{number}", "PlateNo": plate, "SubImageList": images}
            for number, plate in enumerate(plates)
        ]},
        "NonMotorVehicleObjectList": {"NonMotorVehicleObject": [{"NonMotorVehicleID": "n1", "PlateNo": plates[0]}]},
    }  # fmt: skip
