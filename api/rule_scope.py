"""What a rule is limited to beside its profile, as the API takes and tells it."""

from typing import Annotated, Any

from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.contract_types import Code, Name, Once, RegionPrefix, known
from api.database import SQL as DATABASE
from api.database import row, rows
from api.problems import invalid
from devices.catalogue.search import subtree
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)


class RuleScope(BaseModel):
    """All that is given must hold of a device."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"region": "330106", "tag": "site:tunnel"}]}
    )

    organisation: Code | None = Field(default=None, description="its devices, and those of organisations below it")
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="a division and all below it: its code, or the code's first digits"
    )
    tag: Name | None = Field(default=None, description="`key`, or `key:value`")
    devices: Annotated[list[Code], Once] | None = Field(
        default=None, max_length=1000, description="only these; as it is told, those of them that the caller sees"
    )


async def resolved(conn: AsyncConnection, scope: RuleScope | None, lang: Lang) -> dict[str, Any]:
    """The columns of a rule with this scope, and `organisations`, which are that one and those below it.

    ProblemError 422 for what the caller does not see, or nobody knows.
    """
    given = (scope or RuleScope()).model_dump()
    found = await row(conn, SQL.refs, given) or {}
    if given["organisation"] is not None and found["organisations"] is None:
        codes = [each["code"] for each in await rows(conn, SQL.organisations)]
        raise invalid("/scope/organisation", known("organisation", given["organisation"], codes))
    for name in ("region", "tag"):
        if given[name] is not None and not found[name]:
            reason = Sentence(f"refusal.rule_scope.{name}", wanted=given[name])
            raise invalid(f"/scope/{name}", reason.told(lang))
    ids = found["devices"] or {}
    for place, code in enumerate(given["devices"] or []):
        if code not in ids:
            near = [each["code"] for each in await rows(conn, DATABASE.device_codes, {"code": code})]
            raise invalid(f"/scope/devices/{place}", known("device", code, near))
    devices = None if given["devices"] is None else sorted(ids.values())
    return {**given, "devices": devices, "organisations": found["organisations"]}
