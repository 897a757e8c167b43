"""The secrets of a consumer, opened for one sending."""

from dataclasses import dataclass, field

from api.push.channel import Consumer
from api.push.said import forms_of
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Place, Secrets


@dataclass(slots=True, frozen=True)
class Keys:
    """Never kept, and never shown."""

    secret: str = field(repr=False)
    login: str | None = field(repr=False)
    """`user:password`, percent-encoded as in a URL."""
    query: str | None = field(repr=False)
    """What the URL shows as ***."""

    @property
    def forms(self) -> list[str]:
        """What may not be quoted of an answer."""
        return forms_of(self.secret, self.login, self.query)


def opened(consumer: Consumer, secrets: Secrets) -> Keys:
    """Open what is stored sealed. SecretUnreadable without its key, or for a login of another host."""
    login, query = consumer.login, consumer.query
    return Keys(
        secrets.open(Place("consumer", "secret", consumer.code), consumer.secret),
        None if login is None else secrets.open(login_place(consumer.code, consumer.url), login),
        None if query is None else secrets.open(login_place(consumer.code, consumer.url, "query"), query),
    )
