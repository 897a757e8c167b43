"""What channels over HTTP have in common: a request is made, and its answer judged."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import httpx

from api.push.address import BadAddressError, stored_url
from api.push.channel import Accepted, Answer, Consumer, Delivery, Refused, Summary, TryAgain
from api.push.http_call import HttpCalls, Reply, Request, unsuccessful
from api.push.keys import Keys, opened
from api.push.said import said
from api.push.signature import BadSecretError
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.words.sentence import Sentence


class HttpChannel(ABC):
    """A kind says what to send (`request`) and what an answer means (`judged`)."""

    def __init__(self, calls: HttpCalls, secrets: Secrets, clock: Callable[[], float] = time.time) -> None:
        self._calls, self._secrets, self._clock = calls, secrets, clock

    async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
        """See Channel: 410 is gone, an invalid secret refused, anything else that is no success retried.

        A URL that cannot be called, too: it is checked when it is set, and until it is put right nothing may be lost.
        """
        return await self._exchange(consumer, lambda keys, url: self.request(consumer, keys, url, delivery))

    async def send_summary(self, consumer: Consumer, summary: Summary) -> Answer:
        """See Channel."""
        return await self._exchange(consumer, lambda keys, url: self.summary_request(consumer, keys, url, summary))

    async def _exchange(self, consumer: Consumer, request: Callable[[Keys, httpx.URL], Request]) -> Answer:
        try:
            keys = opened(consumer, self._secrets)
            made = request(keys, stored_url(consumer.url, keys.query))
        except SecretUnreadable as error:
            return TryAgain(Sentence("delivery.sealed", why=error.sentence), "secret")
        except BadAddressError as error:
            return TryAgain(error.sentence, "address")
        except BadSecretError:
            return Refused(self.bad_secret, "secret")
        reply = await self._calls.call(made)
        if isinstance(reply, TryAgain):
            return reply
        return self.judged(reply, said(reply.body, keys.forms), consumer)

    @property
    def bad_secret(self) -> Sentence:
        """Why a secret cannot be used."""
        return Sentence("delivery.secret")

    @abstractmethod
    def request(self, consumer: Consumer, keys: Keys, url: httpx.URL, delivery: Delivery) -> Request:
        """The message in this kind's form. BadSecretError for a secret that can never work."""

    @abstractmethod
    def summary_request(self, consumer: Consumer, keys: Keys, url: httpx.URL, summary: Summary) -> Request:
        """As `request`, of a summary."""

    def judged(self, reply: Reply, text: str, consumer: Consumer) -> Answer:
        """What an answer means; `text` is what its body said."""
        return Accepted(text) if reply.success else unsuccessful(reply, text, self._clock)
