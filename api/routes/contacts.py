"""Telephone numbers of people with accounts: set, and revealed for a reason."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api.context import Context, Here
from api.contract_types import TEXT
from api.language import Spoken
from api.login import accounts, contact
from api.problems import ProblemError, invalid, responses
from api.routes.session import Unlocked
from api.routes.sessions import AccountName
from hub.access.caller import Caller
from hub.access.classification import Level
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.phone import masked, phone_of
from hub.secrets.sealed import Secrets
from hub.words import Lang, text

router = GuardedRouter(tags=["access"])
Reason = Annotated[str, StringConstraints(pattern=TEXT, min_length=3, max_length=200, strip_whitespace=True)]


class ContactBody(BaseModel):
    """How a person is reached."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"phone": "0571-87654321"}]})

    phone: Annotated[SecretStr, Field(max_length=100)] | None = Field(
        description="of mainland China, or with + and the country code; null: none any more"
    )


class ReasonBody(BaseModel):
    """What a number is wanted for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "红色告警无人应答"}]})

    reason: Reason


class Contact(BaseModel):
    """A number as it is shown."""

    phone: str | None = Field(description="masked, like 138****5678; null: there is none")


class Revealed(BaseModel):
    """A number as it is called."""

    phone: str = Field(description="after E.164")


@router.put("/accounts/{name}/contact", response_model=Contact, responses=responses(404, 409, 422))
@needs(Permission.ACCESS_WRITE)
async def set_contact(name: AccountName, body: ContactBody, context: Here, caller: TheCaller, lang: Spoken) -> Any:
    """Set the telephone number of an account, or remove it. It is stored encrypted, and shown masked."""
    return await _set(name, body, context, caller, lang)


@router.post("/accounts/{name}/contact:reveal", response_model=Revealed, responses=responses(403, 404, 409, 422))
@needs(Permission.CONTACTS_REVEAL)
async def reveal_contact(name: AccountName, body: ReasonBody, context: Here, caller: TheCaller, lang: Spoken) -> Any:
    """The telephone number of an account, to call it; the audit says who wanted it, and what for.

    Who has a ceiling below L4 gets none.
    """
    if not caller.reads(Level.L4, Permission.CONTACTS_REVEAL):
        raise ProblemError(403, text("refusal.contact.ceiling", lang))
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await accounts.locked_account(conn, name)
        number = await contact.reveal(conn, caller, account, body.reason, Secrets(context.settings.secrets))
    return {"phone": number}


@router.put("/session/contact", response_model=Contact, responses=responses(404, 409, 422))
@needs(Permission.SELF_KEEP)
async def set_own_contact(body: ContactBody, context: Here, caller: TheCaller, session: Unlocked, lang: Spoken) -> Any:
    """Set one's own telephone number, or remove it."""
    return await _set(caller.name, body, context, caller, lang)


async def _set(name: str, body: ContactBody, context: Context, caller: Caller, lang: Lang) -> dict[str, str | None]:
    number = _number(body, lang)
    async with context.hub_pool.connection() as conn, conn.transaction():
        account = await accounts.locked_account(conn, name)
        await contact.set_phone(conn, caller, account, number, Secrets(context.settings.secrets))
    return {"phone": number and masked(number)}


def _number(body: ContactBody, lang: Lang) -> str | None:
    """ProblemError 422 for what is no number; it does not repeat it."""
    if body.phone is None:
        return None
    try:
        return phone_of(body.phone.get_secret_value())
    except ValueError as error:
        raise invalid("/phone", error.args[0].told(lang)) from None
