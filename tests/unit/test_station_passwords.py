"""Passwords of stations: what frames can show, whose counts, and what is told of a wrong one."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from pydantic import SecretStr

from devices.station_passwords import PasswordRefused, normal_password
from hub.secrets.sealed import Secrets
from hub.settings import Secrets as Listed
from hub.store.pool import Pool
from ingest.session.passwords import UNREADABLE, OnePassword, StationPasswords
from tests.support.station_frames import MN

HOUR = timedelta(hours=1)


class Rows:
    """A pool of which each statement answers the same rows."""

    def __init__(self, *rows: tuple[Any, ...]) -> None:
        self._rows = rows

    def connection(self) -> "Rows":
        return self

    async def __aenter__(self) -> "Rows":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""

    async def execute(self, _: object) -> "Rows":
        return self

    async def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)


def stored(password: str, former: str | None = None, until: datetime | None = None) -> tuple[Any, ...]:
    return 1, "w1", "hj212", password, former, until, [MN, "w1"]


def gate(row: tuple[Any, ...], all_: str | None = "123456") -> Any:
    passwords = StationPasswords(cast(Pool, Rows(row)), Secrets(Listed()))
    asyncio.run(passwords.refresh())
    return passwords.gate("hj212", None if all_ is None else SecretStr(all_))


@pytest.mark.parametrize(
    ("protocol", "text", "normal"),
    [
        ("hj212", "7Qv2mZ", "7Qv2mZ"),
        ("sl651", "03e8", "03E8"),
        ("hj212", "a;b", None),
        ("hj212", "密码", None),
        ("hj212", "a b", None),
        ("sl651", "7A9", None),
        ("sl651", "wxyz", None),
    ],
)
def test_a_password_is_what_a_frame_can_show(protocol: str, text: str, normal: str | None) -> None:
    if normal is not None:
        assert normal_password(protocol, text) == normal
        return
    with pytest.raises(PasswordRefused) as refused:
        normal_password(protocol, text)
    assert text not in str(refused.value)


def test_a_station_shows_its_own_and_others_that_of_their_protocol() -> None:
    own = gate(stored("7Qv2mZ"))
    assert [own.fault(MN, shown) is None for shown in ("7Qv2mZ", "123456", "7Qv2mz", None)] == [True, *[False] * 3]
    assert own.fault("w1", "7Qv2mZ") is None, "its code is a number of it, too"
    assert [own.fault("another", shown) is None for shown in ("7Qv2mZ", "123456")] == [False, True]
    assert gate(stored("7Qv2mZ"), None).fault("another", None) is None, "nothing is asked of the others"


@pytest.mark.parametrize(("left", "taken"), [(HOUR, True), (-HOUR, False)])
def test_the_former_one_is_taken_until_its_time_is_over(left: timedelta, taken: bool) -> None:
    own = gate(stored("new", "old", datetime.now(UTC) + left))
    assert own.fault(MN, "new") is None
    assert (own.fault(MN, "old") is None) == taken
    assert own.told(MN, "old") == ("old" if taken else "new"), "a command shows what the station knows"


def test_what_is_told_names_the_remedy_and_no_password() -> None:
    reason, sentence = gate(stored("7Qv2mZ")).fault(MN, "123457")
    assert (reason, "hub devices passwords set w1 hj212" in sentence) == ("wrong_password", True)
    reason, shared = OnePassword("hj212", SecretStr("123456")).fault(MN, None) or ("", "")
    assert (reason, "session.hj212.password" in shared, "no password" in shared) == ("wrong_password", True, True)
    assert not any(each in text for each in ("7Qv2mZ", "123456", "123457") for text in (sentence, shared))


def test_what_cannot_be_read_lets_nobody_in() -> None:
    own = gate(stored("sealed 1 aes-256-gcm 00000000 AAAA"))
    for shown in ("123456", "sealed 1 aes-256-gcm 00000000 AAAA", "", None):
        assert own.fault(MN, shown).reason == UNREADABLE, shown


def test_digits_of_sl651_are_the_same_in_either_case() -> None:
    assert OnePassword("sl651", SecretStr("03e8")).fault("0011223344", "03E8") is None
