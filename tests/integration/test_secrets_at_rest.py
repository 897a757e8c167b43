"""Secrets of consumers in a real database: sealed at the start, rotated, read at sending, and found nowhere else."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from api.push.channel import Accepted, Consumer, TryAgain
from app.check.secrets import check_secrets
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Place, Secrets
from hub.secrets.stored import seal_again, seal_all_again, sealer, stored_secrets, summary
from hub.settings import Database, Settings
from hub.settings import Secrets as Listed
from hub.store.migrate import migrate
from hub.store.pool import connect
from tests.support.broker import Mosquitto
from tests.support.deliveries import change
from tests.support.hub import Hub, run_hub
from tests.support.old_schema import migrate_to
from tests.support.process import wait_until
from tests.support.served_api import api_context, client_of
from tests.support.stored_text import everything
from tests.support.webhooks import LOCAL, PLAIN, Receiver, open_webhook

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
SECRET, PASSWORD = "whsec_" + b64encode(b"planted secret of a desk 1").decode(), "planted-passw0rd"

SECRET_PLACE = Place("consumer", "secret", "desk-1")


def listed(*keys: str) -> Listed:
    return Listed(key=SecretStr(" ".join(keys)))


def settings(database: str, *keys: str) -> Settings:
    return Settings(database=Database(url=database), secrets=listed(*keys))


def plant(database: str, count: int = 1) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "insert into consumer (code, url, secret, login) "
            "select 'desk-' || n, 'http://127.0.0.1:1/', %s, 'hub:' || %s from generate_series(1, %s) n",
            (SECRET, PASSWORD, count),
        )


def point(database: str, url: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update consumer set url = %s", [url])


def rows(database: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(database) as conn:
        return conn.execute("select code, secret, login from consumer order by code").fetchall()


async def test_plain_secrets_are_sealed_once_there_is_a_key_and_read_at_sending(database: str) -> None:
    plant(database)
    vault = Secrets(listed(OLD))
    async with Receiver() as receiver:
        point(database, receiver.url())
        async with await connect(database) as conn:
            await sealer(PLAIN)(conn)
            assert SECRET in everything(database), "without a key nothing is changed"
            await sealer(vault)(conn)
        assert SECRET not in everything(database)
        assert PASSWORD not in everything(database)
        [(code, secret, login)] = rows(database)
        consumer = Consumer(1, code, receiver.url(), secret, login)
        async with open_webhook(LOCAL, vault) as channel:
            assert await channel.send(consumer, change()) == Accepted()
            moved = await channel.send(Consumer(2, "desk-2", receiver.url(), secret, login), change())
        assert (
            receiver.received[0].headers["authorization"] == "Basic " + b64encode(f"hub:{PASSWORD}".encode()).decode()
        )
        async with open_webhook(LOCAL, PLAIN) as channel:
            keyless = await channel.send(consumer, change())
        for answer, why in ((moved, "changed or moved"), (keyless, "not in secrets.key")):
            assert isinstance(answer, TryAgain), "nothing is lost for a key that is missing"
            assert answer.failure == "secret"
            assert why in answer.reason
        assert len(receiver.received) == 1


async def test_a_login_is_sent_to_no_other_host_than_it_was_set_for(database: str) -> None:
    """Whoever writes the url of a consumer in the database gets its deliveries, and not its login."""
    plant(database)
    vault = Secrets(listed(OLD))
    async with await connect(database) as conn:
        await sealer(vault)(conn)
    [(code, secret, login)] = rows(database)
    async with Receiver() as receiver, open_webhook(LOCAL, vault) as channel:
        answer = await channel.send(Consumer(1, code, receiver.url(), secret, login), change())
        assert isinstance(answer, TryAgain)
        assert answer.failure == "secret"
        assert not receiver.received


async def test_logins_of_former_versions_are_sealed_anew_for_their_hosts(database: str) -> None:
    plant(database)
    vault = Secrets(listed(OLD))
    former = vault.seal(Place("consumer", "login", "desk-1"), f"hub:{PASSWORD}")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update consumer set login = %s, secret = %s", [former, vault.seal(SECRET_PLACE, SECRET)])
    async with await connect(database) as again:
        found = await summary(again, vault)
        assert (found.pending, found.unreadable) == (1, 0)
        await sealer(vault)(again)
        found = await summary(again, vault)
        assert (found.pending, found.unreadable) == (0, 0)
    [(code, _, login)] = rows(database)
    assert vault.open(login_place(code, "http://127.0.0.1:1/other"), login) == f"hub:{PASSWORD}"


async def test_rotation_may_be_broken_off_and_run_again(database: str) -> None:
    plant(database, 700)
    async with await connect(database) as conn:
        assert await seal_all_again(conn, Secrets(listed(OLD)), lambda: None) == (1400, 0)
        both, told = Secrets(listed(NEW, OLD)), Counter[str]()

        def killed() -> None:
            told["secrets"] += 1
            if told["secrets"] > 900:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await seal_all_again(conn, both, killed)
        found = await summary(conn, both)
        assert (found.pending, found.unreadable, found.plain) == (499, 0, 0)
        assert await seal_all_again(conn, both, lambda: None) == (499, 0)
        only = await summary(conn, Secrets(listed(NEW)))
        assert (only.pending, only.unreadable) == (0, 0)
        assert len(only.by_key) == 2
        lost = await summary(conn, Secrets(listed(OLD)))
        assert lost.unreadable == 1400
        assert await seal_all_again(conn, Secrets(listed(OLD)), lambda: None) == (0, 1400)


async def test_a_secret_that_is_set_meanwhile_is_not_overwritten(database: str) -> None:
    plant(database)
    async with await connect(database) as conn:
        first = await anext(stored_secrets(conn))
        await conn.execute("update consumer set secret = 'newer'")
        assert not await seal_again(conn, Secrets(listed(NEW)), first)
    assert rows(database)[0][1] == "newer"


async def test_the_check_tells_what_is_not_encrypted(database: str) -> None:
    plant(database)
    [plain] = await check_secrets(settings(database))
    assert plain.level == "warn"
    assert "2 are not encrypted" in plain.what
    assert [each.level for each in await check_secrets(settings(database, OLD))] == ["warn"]
    async with await connect(database) as conn:
        await sealer(Secrets(listed(OLD)))(conn)
    assert [each.level for each in await check_secrets(settings(database, OLD))] == ["ok"]
    assert [each.level for each in await check_secrets(settings(database, NEW))] == ["fail"]
    assert [each.level for each in await check_secrets(settings(database, "no key"))] == ["fail"]


async def test_what_somebody_plants_once_all_were_sealed_is_not_used(database: str) -> None:
    plant(database)
    vault, planted = Secrets(listed(OLD)), "whsec_" + b64encode(b"a secret of somebody else's").decode()
    async with await connect(database) as conn, Receiver() as receiver:
        await conn.execute("update consumer set query = 'a=1'")
        assert (await summary(conn, vault)).pending == 3, "before, it is the hub's own of when it had no key"
        await sealer(vault)(conn)
        assert (await summary(conn, vault)).marked
        name = await conn.execute(
            "insert into principal (kind, name, display_name) values ('person', 'chen', '') returning id"
        )
        await conn.execute(
            "insert into account (principal_id, password_hash, totp_secret) values (%s, '', 'A')", await name.fetchone()
        )
        await conn.execute(
            "update consumer set secret = %s, login = 'hub:planted', url = %s", [planted, receiver.url()]
        )
        await sealer(vault)(conn)
        assert await seal_all_again(conn, vault, lambda: None) == (0, 4)
        assert rows(database) == [("desk-1", planted, "hub:planted")], "it is not made one of the hub's"
        async with open_webhook(LOCAL, vault) as channel:
            answer = await channel.send(Consumer(1, "desk-1", receiver.url(), planted, None), change())
        assert isinstance(answer, TryAgain)
        assert (answer.failure, "not encrypted in the database" in answer.reason) == ("secret", True)
        assert not receiver.received
        [found] = [each for each in await check_secrets(settings(database, OLD)) if "not encrypted" in each.what]
        assert found.level == "fail"
        assert "consumer.secret of desk-1, consumer.login of desk-1, account.totp of chen" in found.what
    [keyless] = [each for each in await check_secrets(settings(database)) if "no key" in each.what]
    assert keyless.level == "fail"


async def test_nothing_is_noted_while_a_secret_cannot_be_read(database: str) -> None:
    """An unsealed one beside it may still be the hub's own."""
    plant(database)
    async with await connect(database) as conn:
        await seal_again(conn, Secrets(listed(OLD)), await anext(stored_secrets(conn)))
        await sealer(Secrets(listed(NEW)))(conn)
        assert not (await summary(conn, Secrets(listed(NEW)))).marked
        assert await seal_all_again(conn, Secrets(listed(NEW, OLD)), lambda: None) == (1, 0)
        assert (await summary(conn, Secrets(listed(NEW)))).marked


async def test_the_api_seals_what_it_is_given(database: str) -> None:
    async with api_context(database) as context:
        object.__setattr__(context, "settings", context.settings.model_copy(update={"secrets": listed(NEW)}))
        async with client_of(context) as client:
            login = {"username": "hub", "password": PASSWORD}
            url = "https://desk.example.org/a"
            made = await client.put("/consumers/desk", json={"url": url, "secret": SECRET, **login})
            assert made.json()["username"] == "hub"
            kept = await client.put("/consumers/desk", json={"url": url, "username": "hub"})
            assert kept.is_success
            made_up = (await client.put("/consumers/other", json={"url": url})).json()["secret"]
            assert made_up not in everything(database)
            shown = "".join([(await client.get(path)).text for path in ("/consumers", "/consumers/desk")])
            assert SECRET not in shown + everything(database)
            assert PASSWORD not in shown + everything(database)
        object.__setattr__(context, "settings", context.settings.model_copy(update={"secrets": listed(OLD)}))
        async with client_of(context) as client:
            assert (await client.get("/consumers/desk")).json()["username"] is None
            refused = await client.put("/consumers/desk", json={"url": url, "username": "hub"})
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/password"


async def test_a_token_in_the_query_of_a_url_is_kept_apart(database: str) -> None:
    vault = Secrets(listed(NEW))
    async with Receiver() as receiver, api_context(database) as context:
        object.__setattr__(context, "settings", context.settings.model_copy(update={"secrets": listed(NEW)}))
        async with client_of(context) as client:
            url = "https://robot.example.org/send"
            made = await client.put("/consumers/robot", json={"url": f"{url}?access_token={PASSWORD}"})
            assert made.json()["url"] == f"{url}?***", made.text
            kept = await client.put("/consumers/robot", json={"url": f"{url}?***", "lang": "zh"})
            assert kept.json()["url"] == f"{url}?***", kept.text
            assert PASSWORD not in everything(database)
            for other in ("https://other.example.org/send?***", "http://robot.example.org/send?***"):
                assert (await client.put("/consumers/robot", json={"url": other})).status_code == 422
            assert (await client.put("/consumers/new", json={"url": f"{url}?***"})).status_code == 422
        with psycopg.connect(database) as conn:
            [told] = conn.execute("select code, url, query from consumer").fetchall()
            assert vault.open(login_place(told[0], told[1], "query"), told[2]) == f"access_token={PASSWORD}"
            audited = conn.execute(
                "select distinct detail ->> 'url' from audit where action = 'consumer.put'"
            ).fetchall()
            assert audited == [(url,)]
        shown = f"{receiver.url()}?***"
        sealed = vault.seal(Place("consumer", "secret", "desk"), SECRET)
        query = vault.seal(login_place("desk", shown, "query"), f"a={PASSWORD}&b=%2F")
        async with open_webhook(LOCAL, vault) as channel:
            assert await channel.send(Consumer(1, "desk", shown, sealed, None, query), change()) == Accepted()
        assert receiver.received[0].path.endswith(f"?a={PASSWORD}&b=%2F")


def test_queries_of_earlier_versions_are_moved(empty_url: str, store_mode: str) -> None:
    migrate_to(empty_url, store_mode, 40)
    urls = {"a": "https://a.example/x?access_token=1?&b=%2F", "b": "https://b.example/x", "c": "https://c.example/x?"}
    with psycopg.connect(empty_url, autocommit=True) as conn:
        for code, url in urls.items():
            conn.execute("insert into consumer (code, url, secret) values (%s, %s, '')", [code, url])
        asyncio.run(migrate(empty_url, store_mode))
        told = conn.execute("select url, query from consumer order by code").fetchall()
    assert told == [("https://a.example/x?***", "access_token=1?&b=%2F"), (urls["b"], None), (urls["c"], None)]


@pytest.fixture
def keyed(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose secrets all come from files."""
    files = {"HUB_API__TOKEN": "planted-token-1", "HUB_MQTT__PASSWORD": "planted-mqtt-1", "HUB_SECRETS__KEY": NEW}
    env: dict[str, Any] = {"HUB_MQTT__USERNAME": "hub"}
    for name, secret in files.items():
        env[f"{name}_FILE"] = str(tmp_path / name)
        (tmp_path / name).write_text(secret + "\n", encoding="utf-8")
    hub = Hub(database, mosquitto.port, tmp_path, **env)
    hub.api.headers["authorization"] = "Bearer planted-token-1"
    plant(database)
    try:
        yield hub.start()
    finally:
        hub.close()


def test_no_secret_is_found_in_what_a_hub_writes(keyed: Hub, database: str, tmp_path: Path) -> None:
    wait_until(lambda: PASSWORD not in everything(database), "secrets and logins are sealed")
    secret = "whsec_" + b64encode(b"planted secret of a desk 2").decode()
    keyed.put("/consumers/desk-2", url="http://127.0.0.1:1/", secret=secret, username="u", password=PASSWORD)
    paths = ("/consumers", "/status", "/openapi.json", "/devices", "/alerts")
    answers = [keyed.api.get(f"/api/v1{path}").text for path in paths]
    answers += [keyed.api.get("/api/v1/consumers", headers={"authorization": "Bearer planted-token-2"}).text]
    status, told = run_hub("check", env=keyed.env, folder=tmp_path)
    assert status == 0, told
    status, secrets = run_hub("secrets", "status", env=keyed.env, folder=tmp_path)
    assert status == 0, secrets
    commands = [
        path.read_text() for path in (Path(f"/proc/{keyed.pid}") / "cmdline", Path(f"/proc/{keyed.pid}") / "limits")
    ]
    written = "\n".join([*answers, told, secrets, keyed.text(), everything(database), *commands])
    for planted in (SECRET, secret, PASSWORD, "planted-token-1", "planted-mqtt-1", NEW):
        assert planted not in written
    limits = next(line for line in commands[1].splitlines() if line.startswith("Max core file size"))
    assert limits.split()[4:6] == ["0", "0"]


def test_rotation_from_the_command_line(keyed: Hub, database: str, tmp_path: Path) -> None:
    wait_until(lambda: PASSWORD not in everything(database), "secrets and logins are sealed")
    env = {**keyed.env, "HUB_SECRETS__ALGORITHM": "sm4-gcm"}
    status, told = run_hub("secrets", "rotate", env=env, folder=tmp_path)
    assert status == 0, told
    assert "2 encrypted anew with the key" in told
    assert all("sealed 1 sm4-gcm " in text for row in rows(database) for text in row[1:])
    assert "command line,secrets.rotate" in everything(database).replace('"', ""), "it is audited"
    made = run_hub("secrets", "key", env={}, folder=tmp_path)[1].split()[-1]
    assert Secrets(listed(made)).current
