"""Passwords of stations over the API: what is asked once more, after a lost answer, locks no station out."""

from base64 import b64encode

import psycopg
from pydantic import SecretStr

from hub.secrets.sealed import Secrets
from hub.settings import Secrets as Listed
from ingest.session.passwords import StationPasswords
from tests.support.served_api import api_context, client_of, register

HERE = "/devices/air-0/passwords/hj212"
ALL = ("first", "second", "third")


async def test_a_change_that_is_asked_once_more_keeps_the_former_one(database: str) -> None:
    keys = Listed(key=SecretStr(b64encode(b"k" * 32).decode()))
    async with api_context(database) as context:
        object.__setattr__(context, "settings", context.settings.model_copy(update={"secrets": keys}))
        passwords = StationPasswords(context.hub_pool, Secrets(keys))
        async with client_of(context) as client:
            await register(client)

            async def taken(password: str, hours: int) -> tuple[str, ...]:
                """Which are taken once this one was put."""
                body = {"password": password, "former_hours": hours}
                answer = (await client.put(HERE, json=body)).raise_for_status().json()
                await passwords.refresh()
                known = passwords.of("hj212", "air-0")
                assert known is not None
                assert (answer["former_until"] is None) == (len(known.all()) == 1)
                return tuple(each for each in ALL if known.takes(each))

            assert await taken("first", 24) == ("first",), "there was none before it"
            assert await taken("first", 24) == ("first",)
            assert await taken("second", 1) == ("first", "second")
            assert await taken("second", 1) == ("first", "second"), "the same change once more"
            was = (await client.get(HERE.rpartition("/")[0])).json()["items"][0]["former_until"]
            assert await taken("second", 48) == ("first", "second")
            now = (await client.get(HERE.rpartition("/")[0])).json()["items"][0]["former_until"]
            assert now > was, "for longer"
            with psycopg.connect(database, autocommit=True) as conn:
                conn.execute("update station_password set former_until = now() - interval '1 s'")
            assert await taken("second", 24) == ("second",), "what has ended begins by no repetition"
            assert await taken("third", 24) == ("second", "third")
            assert await taken("third", 0) == ("third",), "it is ended at once"
