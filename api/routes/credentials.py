"""Device credentials. A secret is returned once and not stored."""

import logging
from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.context import Context, Here
from api.contract_types import TEXT, Code
from api.database import SQL as DATABASE
from api.database import Row, audit, rows, writing
from api.issuing import SQL as ISSUING
from api.issuing import Issued, caught_up, dynsec_of, issue, locked_device, rotate
from api.problems import ProblemError, not_found, responses
from devices.credentials.dynsec import on_account
from devices.credentials.secrets import Kind
from devices.diagnosis.example import example_of
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.errors import HubError
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

log = logging.getLogger(__name__)
router = GuardedRouter(prefix="/devices/{code}", tags=["credentials"])
CommonName = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64)]


class CredentialBody(BaseModel):
    """The credential to issue."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "password"}]})

    kind: Kind = Field(description="password: for MQTT; token: for HTTP, and the password over MQTT; x509")
    common_name: CommonName | None = Field(default=None, description="of its certificate; its code when not given")

    @model_validator(mode="after")
    def _name_of_a_certificate(self) -> "CredentialBody":
        if self.common_name is not None and self.kind != "x509":
            raise ValueError("common_name is for kind x509; other user names are the device's code")
        return self


class RotateBody(BaseModel):
    """The credential to rotate."""

    model_config = ConfigDict(extra="forbid")

    id: int | None = Field(default=None, description="needed when the device has several")


class Credential(BaseModel):
    """An active credential, without its secret."""

    id: int
    kind: Kind
    username: str
    provisioning_key: str | None = Field(default=None, description="by which the device got it for itself")
    created_at: datetime
    rotated_at: datetime | None = None


class Credentials(BaseModel):
    """A device's credentials."""

    items: list[Credential]


class NewCredential(Credential):
    """A credential with its secret, which is not shown again."""

    secret: str | None = Field(description="the MQTT password, or the bearer token; null for a certificate")
    known_to_broker: bool = Field(description="false: mqtt.access is none, and the broker does not check it")
    state: str = Field(description="of the device; only while it is active can it be used")
    client_id: str = Field(description="the MQTT client id that it must use, and no other: its user name")
    broker: str = Field(description="host:port as the hub reaches it")
    topic: str = Field(description="where it publishes readings")
    example: dict[str, JsonValue] = Field(description="a payload that fits its profile; empty where none is known")


@router.post("/credentials", status_code=201, response_model=NewCredential, responses=responses(404, 409, 503))
@needs(Permission.CREDENTIALS_WRITE)
async def issue_credential(code: Code, body: CredentialBody, context: Here, caller: TheCaller) -> Any:
    """Issue a credential. The broker has accepted it before the response; if it is down, nothing is stored."""
    async with writing(context) as conn:
        device = await locked_device(conn, code)
        _not_retired(device)
        issued = await issue(context, conn, device, body.kind, body.common_name)
        detail = {"id": issued.id, "kind": issued.kind, "username": issued.username}
        await audit(conn, caller, "credential.issue", code, detail)
    await caught_up(context)
    return answer_of(context, device, issued)


@router.post("/credentials:rotate", response_model=NewCredential, responses=responses(404, 409, 503))
@needs(Permission.CREDENTIALS_WRITE)
async def rotate_credential(code: Code, body: RotateBody, context: Here, caller: TheCaller) -> Any:
    """Rotate a credential's secret. The old one is revoked at once and its connections are closed."""
    async with writing(context) as conn:
        device = await locked_device(conn, code)
        credential = _chosen(code, await rows(conn, SQL.credentials, {"code": code}), body.id)
        issued = await rotate(context, conn, device, credential)
        await audit(conn, caller, "credential.rotate", code, {"id": issued.id, "username": issued.username})
    await caught_up(context)
    return answer_of(context, device, issued)


@router.get("/credentials", response_model=Credentials, responses=responses(404))
@needs(Permission.CREDENTIALS_READ)
async def list_credentials(code: Code, context: Here) -> Any:
    """A device's active credentials, without their secrets."""
    async with context.pool.connection() as conn:
        if not await rows(conn, DATABASE.device, {"code": code}):
            raise not_found("device", code)
        return {"items": await rows(conn, SQL.credentials, {"code": code})}


_LATER: dict[int | str, dict[str, Any]] = {202: {"description": "the broker is down, and removes it when it is back"}}


@router.delete("/credentials", status_code=204, response_class=Response, responses=_LATER | responses(404))
@needs(Permission.CREDENTIALS_WRITE)
async def revoke_credentials(code: Code, context: Here, caller: TheCaller) -> Response:
    """Revoke all credentials of a device."""
    return await _revoke(context, caller, code, None)


@router.delete("/credentials/{id}", status_code=204, response_class=Response, responses=_LATER | responses(404))
@needs(Permission.CREDENTIALS_WRITE)
async def revoke_credential(code: Code, id: int, context: Here, caller: TheCaller) -> Response:  # noqa: A002 of the path
    """Revoke a credential and close its connections. 202 while the broker is down: it follows when back."""
    return await _revoke(context, caller, code, id)


async def _revoke(context: Context, caller: Caller, code: str, id_: int | None) -> Response:
    async with writing(context) as conn:
        if not await rows(conn, DATABASE.device, {"code": code}):
            raise not_found("device", code)
        revoked = await rows(conn, ISSUING.credential_revoke, {"code": code, "id": id_})
        if id_ is not None and not revoked:
            raise ProblemError(404, Sentence("refusal.not_found.credential", code=code, id=str(id_)))
        for credential in revoked:
            await audit(conn, caller, "credential.revoke", code, credential)
    await caught_up(context)
    return Response(status_code=204 if await _forgotten(context, code, revoked) else 202)


async def _forgotten(context: Context, code: str, revoked: list[Row]) -> bool:
    """Whether the broker has removed them too; otherwise it is synchronised later."""
    try:
        dynsec = dynsec_of(context)
        if dynsec is not None:
            async with writing(context) as conn:  # under its lock no name that is freed is given again meanwhile
                await locked_device(conn, code)
                names = {credential["username"] for credential in await rows(conn, SQL.credentials, {"code": code})}
                freed = {credential["username"] for credential in revoked} - names
                await dynsec.run([on_account("deleteClient", name) for name in sorted(freed)])
    except (HubError, ProblemError) as error:
        log.warning("revoked credentials of %s are removed from the broker later: %s", code, error)
        return False
    return True


def _chosen(code: str, found: list[Row], id_: int | None) -> Row:
    """Select the credential by id, or the only one with a secret."""
    if id_ is not None:
        for credential in found:
            if credential["id"] == id_:
                return credential
        raise ProblemError(404, Sentence("refusal.not_found.credential", code=code, id=str(id_)))
    secret = [credential for credential in found if credential["kind"] != "x509"]
    if not secret:
        raise ProblemError(404, f"'{code}' has no password or token: issue one")
    if len(secret) > 1:
        which = ", ".join(f"{credential['id']} ({credential['kind']})" for credential in secret)
        raise ProblemError(409, f"'{code}' has several credentials; give the id of one: {which}")
    return secret[0]


def _not_retired(device: Row) -> None:
    if device["state"] == "retired":
        raise ProblemError(409, f"'{device['code']}' is retired: it gets no credentials any more")


def answer_of(context: Context, device: Row, issued: Issued) -> dict[str, Any]:
    """Response for a new credential, as NewCredential."""
    mqtt = context.settings.mqtt
    return issued._asdict() | {
        "known_to_broker": mqtt.access != "none",
        "state": device["state"],
        "client_id": issued.username,
        "broker": f"{mqtt.host}:{mqtt.port}",
        "topic": f"{mqtt.prefix}/{device['code']}/telemetry",
        "example": {} if device["mapped"] else example_of(device["metrics"]),
    }
