"""What the broker is told, given what it holds and what it should."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.credentials import dynsec
from devices.credentials.dynsec import AT_ONCE, Account, Accounts, Dynsec, acls_of, done, on_account, role_of, steps
from devices.credentials.rights import grants
from hub.errors import BrokerRefused, BrokerUnavailable, ConfigError
from hub.settings import load_settings
from tests.support.dynsec import Plugin

A, B = acls_of(grants("a", [], "p")), acls_of(grants("b", [], "p"))


def holding(**states: bool | str) -> Accounts:
    """Accounts a, b, ...: enabled or not; "x509" for one without a password."""
    accounts = {name: Account(role_of(name), state is not False, state != "x509") for name, state in states.items()}
    return Accounts({role_of(name): acls_of(grants(name, [], "p")) for name in states}, accounts)


def told(there: Accounts, wanted: Accounts) -> list[tuple[str, str]]:
    commands, _ = steps(there, wanted)
    return [(one["command"], one["username"] if "username" in one else one["rolename"]) for one in commands]


def test_nothing_is_told_when_all_is_as_it_should_be() -> None:
    assert told(holding(a=True, b=False), holding(a=True, b=False)) == []


def test_states_follow_and_strays_go_with_their_roles() -> None:
    assert told(holding(a=True, b=False), holding(a=False, b=True)) == [("disableClient", "a"), ("enableClient", "b")]
    assert told(holding(a=True, b=True), holding(a=True)) == [("deleteClient", "b"), ("deleteRole", "device:b")]


def test_rights_are_replaced_without_touching_the_account() -> None:
    there = holding(a=True)
    wanted = Accounts({role_of("a"): acls_of(grants("a", ["b"], "p"))}, there.accounts)
    assert told(there, wanted) == [("modifyRole", "device:a")]
    assert told(Accounts({}, there.accounts), there) == [("createRole", "device:a")]


def test_a_lost_password_is_told_and_a_certificate_needs_none() -> None:
    commands, lost = steps(Accounts({}, {}), holding(a=True, b="x509"))
    assert lost == ["a"]
    assert [command["command"] for command in commands] == ["createRole", "createClient"]
    assert commands[1] == {"command": "createClient", "username": "b", "roles": [{"rolename": "device:b"}]}


def test_an_account_is_bound_when_it_is_wished_and_never_let_loose() -> None:
    loose = holding(a=True)
    bound = Accounts(loose.roles, {"a": loose.accounts["a"]._replace(client_id="a")})
    assert steps(loose, bound) == ([{"command": "setClientId", "username": "a", "clientid": "a"}], [])
    assert steps(done(loose, steps(loose, bound)[0]), bound) == ([], [])
    assert steps(bound, loose) == ([], [])


async def test_a_new_account_is_bound_to_its_name() -> None:
    plugin = Plugin()
    await Dynsec(plugin).admit("a~2", "secret", role_of("a"), A, enabled=True)
    commands = [command for message in plugin.messages for command in message]
    assert [command["clientid"] for command in commands if command["command"] == "createClient"] == ["a~2"]


states = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([True, False, "x509"]))


@given(states, states, st.integers(0, 5))
def test_whatever_is_there_it_becomes_what_is_wanted_but_for_what_is_lost(
    there: dict[str, bool | str], wanted: dict[str, bool | str], first: int
) -> None:
    before, after = holding(**there), holding(**wanted)
    commands, lost = steps(before, after)
    assert set(lost) == {name for name, state in wanted.items() if state != "x509" and name not in there}
    halfway = done(before, commands[:first])
    rest, still = steps(halfway, after)
    assert (rest, still) == (commands[first:], lost), "what is done is not done again"
    assert steps(done(halfway, rest), after) == ([], lost)


async def test_commands_go_in_small_messages_and_each_gets_its_own_answer() -> None:
    plugin = Plugin()
    commands = [on_account("enableClient", str(number)) for number in range(2 * AT_ONCE + 1)]
    assert len(await Dynsec(plugin).ask(commands)) == len(commands)
    assert [len(message) for message in plugin.messages] == [AT_ONCE, AT_ONCE, 1]


async def test_what_is_done_already_is_done_and_anything_else_is_an_error() -> None:
    await Dynsec(Plugin({"deleteClient": "Client not found"})).run([on_account("deleteClient", "a")])
    with pytest.raises(BrokerRefused, match="deleteClient a: Internal error"):
        await Dynsec(Plugin({"deleteClient": "Internal error"})).run([on_account("deleteClient", "a")])
    assert not await Dynsec(Plugin({"setClientPassword": "Client not found"})).change_secret("a", "secret")


async def test_an_account_of_somebody_else_is_not_taken_over() -> None:
    plugin = Plugin({"createClient": "Client already exists"})
    with pytest.raises(BrokerRefused, match="not of the hub's making"):
        await Dynsec(plugin).admit("a", "secret", role_of("a"), A, enabled=True)
    assert "deleteClient" not in plugin.commands


async def test_no_answer_is_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynsec, "ANSWER_S", 0.05)
    with pytest.raises(BrokerUnavailable, match="is it loaded"):
        await Dynsec(Plugin(deaf=True)).ask([on_account("enableClient", "a")])


def test_the_settings_say_that_the_hub_needs_an_account(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('[mqtt]\naccess = "dynsec"\n')
    with pytest.raises(ConfigError, match=r"line 1: mqtt: .*set mqtt.username"):
        load_settings(file)
