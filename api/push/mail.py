"""Mail channel: SMTP with TLS or STARTTLS, through the guard of outgoing calls."""

import asyncio
import re
import socket
import ssl
from collections import OrderedDict
from typing import Annotated, Literal
from urllib.parse import unquote

import aiosmtplib
import httpx
from pydantic import AfterValidator, Field

from api.push.address import Address, BadAddressError, parse_address, stored_url
from api.push.channel import Accepted, Answer, Consumer, Delivery, Failure, Refused, Summary, TryAgain
from api.push.http_call import QUOTED, TIMEOUT_S, cause_of
from api.push.keys import Keys, opened
from api.push.mail_text import mail, summary_mail
from api.push.said import said
from api.push.wording import WordedSettings
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.words.sentence import Sentence

PORTS = {"smtp": 587, "smtps": 465}
REMEMBERED = 10_000
"""Messages of which it is known who has got them, while others are greylisted."""
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text):
        raise ValueError(Sentence("refusal.mailbox"))
    return text


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class MailSettings(WordedSettings):
    """Of a consumer that is told by mail."""

    sender: Mailbox
    to: list[Mailbox] = Field(min_length=1, max_length=50)
    tls: Literal["required", "none"] = "required"
    """none: for a relay on the same machine or network; no login is sent to it."""


class Mail:
    """One connection a message: what is sent is little, and servers end idle ones."""

    def __init__(self, outgoing: Outgoing, secrets: Secrets, tls: ssl.SSLContext, timeout_s: float = TIMEOUT_S) -> None:
        self._outgoing, self._secrets, self._tls, self._timeout_s = outgoing, secrets, tls, timeout_s
        self._got: OrderedDict[tuple[int, str], set[str]] = OrderedDict()

    async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
        """See Channel: accepted is what the server took for every recipient that it does not refuse for good."""
        return await self._exchange(consumer, delivery)

    async def send_summary(self, consumer: Consumer, summary: Summary) -> Answer:
        """See Channel."""
        return await self._exchange(consumer, summary)

    async def _exchange(self, consumer: Consumer, told: Delivery | Summary) -> Answer:
        try:
            keys = opened(consumer, self._secrets)
            url = stored_url(consumer.url, schemes=tuple(PORTS))
            settings = MailSettings.model_validate(consumer.settings)
        except SecretUnreadable as error:
            return TryAgain(Sentence("delivery.sealed", why=error.sentence), "secret")
        except BadAddressError as error:
            return TryAgain(error.sentence, "address")
        if keys.login and settings.tls == "none":
            return TryAgain(Sentence("delivery.mail.plain_login"), "login")
        host = url.netloc.decode()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._sent(consumer, told, keys, url, settings)
        except OutgoingRefused as error:
            return TryAgain(error.sentence, "address")
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return TryAgain(Sentence("delivery.timeout", seconds=f"{self._timeout_s:g}"), "timeout")
        except socket.gaierror as error:
            return TryAgain(Sentence("delivery.name", host=host, error=cause_of(error)), "name")
        except aiosmtplib.SMTPAuthenticationError as error:
            return TryAgain(Sentence("delivery.mail.login", said=_quoted(error, keys)), "login")
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code, _quoted(error, keys))
        except (aiosmtplib.SMTPException, OSError) as error:
            return _broken(error, host)

    async def _sent(
        self, consumer: Consumer, told: Delivery | Summary, keys: Keys, url: httpx.URL, settings: MailSettings
    ) -> Answer:
        got = self._got.get((consumer.id, told.id), set())
        waiting = [each for each in settings.to if each not in got]
        if not waiting:  # who was greylisted is no recipient any more
            return Accepted()
        if isinstance(told, Summary):
            message = summary_mail(consumer, told, settings.sender, settings.to, settings.zone)
        else:
            message = mail(consumer, told, settings.sender, settings.to, settings.zone)
        client = await self._connected(url, settings)
        try:
            if keys.login:
                user, _, password = keys.login.partition(":")
                await client.login(unquote(user), unquote(password))
            if isinstance(told, Delivery) and told.kind == "heartbeat":
                return await _tried(client, settings, keys)
            refused, answer = await client.sendmail(settings.sender, waiting, message.as_bytes())
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = {each.recipient: aiosmtplib.SMTPResponse(each.code, each.message) for each in error.recipients}
            answer = ""
        finally:
            client.close()
        parts = [answer] if answer else []
        parts += [f"{to}: {no.code} {no.message}" for to, no in refused.items()]
        later = {to for to, no in refused.items() if 400 <= no.code < 500}
        quoted = said("; ".join(parts).encode(), keys.forms)
        return self._judged((consumer.id, told.id), set(settings.to), later, bool(answer), quoted)

    def _judged(self, key: tuple[int, str], to: set[str], later: set[str], taken: bool, told: str) -> Answer:
        """Who has it is remembered while others are greylisted, so that the next attempt is for these alone."""
        before = self._got.pop(key, set())
        if later:
            self._got[key] = to - later
            if len(self._got) > REMEMBERED:
                self._got.popitem(last=False)
            return TryAgain(Sentence("delivery.mail.later", said=told[:QUOTED]), "busy")
        if taken or before:
            return Accepted(told)
        return Refused(Sentence("delivery.mail.refused", said=told[:QUOTED]), "rejected")

    async def _connected(self, url: httpx.URL, settings: MailSettings) -> aiosmtplib.SMTP:
        port = url.port or PORTS[url.scheme]
        failed: OSError | None = None
        for address in await self._outgoing.addresses("mail", url.host, port):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
            except OSError as error:
                sock.close()
                failed = error
                continue
            except BaseException:
                sock.close()
                raise
            client = aiosmtplib.SMTP(
                hostname=url.host,
                sock=sock,
                use_tls=url.scheme == "smtps",
                start_tls=url.scheme == "smtp" and settings.tls == "required",
                tls_context=self._tls,
                timeout=self._timeout_s,
                local_hostname="ganzhi.invalid",
            )
            await client.connect()
            return client
        raise failed or OSError("the name has no address")


async def _tried(client: aiosmtplib.SMTP, settings: MailSettings, keys: Keys) -> Answer:
    """Ask the server whether it would take a mail, and send none: nobody reads two mails a day that say nothing."""
    await client.mail(settings.sender)
    answer = [await client.rcpt(to) for to in settings.to][-1]
    await client.rset()
    return Accepted(said(f"{answer.code} {answer.message}".encode(), keys.forms))


def _answered(code: int, text: str) -> Answer:
    if code < 0 or code > 599:
        return TryAgain(Sentence("delivery.mail.later", said=text), "protocol")
    if code < 500:
        return TryAgain(Sentence("delivery.mail.later", said=text), "busy")
    return Refused(Sentence("delivery.mail.refused", said=text), "rejected")


def _quoted(error: aiosmtplib.SMTPResponseException, keys: Keys) -> str:
    return said(f"{error.code} {error.message}".encode(), keys.forms)[:QUOTED]


def _broken(error: Exception, host: str) -> TryAgain:
    causes: list[BaseException] = [error]
    while (inner := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(inner)
    told = {"host": host, "error": cause_of(causes[-1])[:QUOTED]}
    kind: Failure = "connection"
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "TLS" in str(error):
        kind = "tls"
    elif isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return TryAgain(Sentence("delivery.mail.later", said=told["error"]), "protocol")
    return TryAgain(Sentence(f"delivery.{kind}", **told), kind)


def parse_mail(url: str) -> Address:
    """Like smtps://mail.example.org or smtp://user:password@mail.example.org:587; BadAddressError."""
    scheme, _, rest = url.partition("://")
    if scheme not in PORTS:
        raise BadAddressError(Sentence("refusal.address.mail"))
    address = parse_address(f"https://{rest}")
    place = address.url.removeprefix("https://").removesuffix("/")
    if address.query or "/" in place:
        raise BadAddressError(Sentence("refusal.address.mail"))
    return Address(f"{scheme}://{place}", address.login)
