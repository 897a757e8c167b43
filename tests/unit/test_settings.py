"""Settings that cannot be used are refused with one sentence that says what to write instead, and shows no secret."""

import re
import traceback
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.settings import Settings, load_settings

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUB_API__TOKEN", "HUB_DATABASE__URL", "HUB_MQTT__PORT"):
        monkeypatch.delenv(name, raising=False)


def refusal(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> str:
    """What a hub with this variable says instead of starting."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "\n" not in caught.value.detail
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert repr(SECRET)[1:-1] not in shown
    return caught.value.detail


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        ("HUB_API_TOKEN", "HUB_API__TOKEN"),
        ("HUB_DATABASE_URL", "HUB_DATABASE__URL"),
        ("HUB_DRAIN", "HUB_DRAIN_S"),
        ("HUB_TOKEN", "HUB_API__TOKEN"),
        ("HUB_PORT", "HUB_API__PORT"),
        ("HUB_MQTT__USER", "HUB_MQTT__USERNAME"),
        ("HUB_MQTT_PASSWD", "HUB_MQTT__PASSWORD"),
        ("HUB_API__TOKENS", "HUB_API__TOKEN"),
        ("hub_api_token", "HUB_API__TOKEN"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, right: str
) -> None:
    told = refusal(monkeypatch, variable, SECRET)
    assert told == f"environment variable {variable}: is not a setting: write {right}"


def test_a_variable_that_resembles_none_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "HUB_XYZZY_QQ: is not a setting: remove it" in refusal(monkeypatch, "HUB_XYZZY_QQ", "1")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_CONFIG", "hub.toml"),
        ("HUB_URL", "http://127.0.0.1:8420"),
        ("HUB_BROKER", "broker:1883"),
        ("HUB_TEST_EXEC", "1"),
        ("HUB_SERVICE_HOST", "10.0.0.1"),
        ("HUB_API_SERVICE_PORT_HTTP", "80"),
        ("HUB_PORT", "tcp://10.0.0.1:8420"),
        ("HUB_API_PORT_8420_TCP_ADDR", "10.0.0.1"),
        ("hub_drain_s", "1"),
        ("HUB_MQTT", '{"host": "there"}'),
        ("HUBBLE", "1"),
    ],
)
def test_variables_of_others_are_let_be(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    assert load_settings().mqtt.host == ("there" if variable == "HUB_MQTT" else "127.0.0.1")


def test_each_setting_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DRAIN_S", "7")
    monkeypatch.setenv("HUB_HUB__ROLES", '["api"]')
    monkeypatch.setenv("HUB_DEAD_LETTERS__PER_MINUTE", "5")
    settings = load_settings()
    assert (settings.drain_s, settings.hub.roles, settings.dead_letters.per_minute) == (7, ("api",), 5)


def test_null_in_the_environment_is_no_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text("[rules]\nstale_after_s = 3600\nflap_count = 3\n", encoding="utf-8")
    monkeypatch.setenv("HUB_RULES__STALE_AFTER_S", "null")
    rules = load_settings(file).rules
    assert (rules.stale_after_s, rules.flap_count) == (None, 3)


def test_a_misspelt_key_of_the_file_is_refused_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('[mqtt]\nhost = "there"\nuser = "hub"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"hub\.toml, line 3: mqtt\.user: is not a setting: write mqtt\.username$"):
        load_settings(file)


@pytest.mark.parametrize("value", ["localhost", "5", '"there"', "[1]"])
def test_a_section_that_is_no_section_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert "set those of its section, HUB_MQTT__HOST" in refusal(monkeypatch, "HUB_MQTT", value)


def test_a_list_that_is_not_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, "HUB_HUB__ROLES", "worker,api")
    assert told == 'environment variable HUB_HUB__ROLES: write a list as JSON, for example ["worker", "api"]'


@pytest.mark.parametrize("variable", ["HUB_API__TOKEN", "HUB_MQTT__ACCESS_SECRET"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (f"{SECRET}\n", "a line break"),
        (f"{SECRET}\r\nX: 1", "a line break"),
        (f" {SECRET}", "a space at an end"),
        (f"{SECRET}密", "not ASCII"),
    ],
)
def test_a_secret_that_no_request_can_carry_is_none(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    assert said in refusal(monkeypatch, variable, value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://hub:{SECRET}/2@db/ganzhi",
        f"postgresql://hub:12/{SECRET}@db/ganzhi",
        f"postgresql://hub:p@{SECRET}@db/ganzhi",
        f"postgresql://hub:%zz{SECRET}@db/ganzhi",
        f"postgresql://hub@db:{SECRET}/ganzhi",
        f"host=db port={SECRET}",
        f"mysql://hub:{SECRET}@db/ganzhi",
        f"{SECRET}",
    ],
)
def test_an_address_that_libpq_would_misread_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert "is no address of a database: write postgresql://" in refusal(monkeypatch, "HUB_DATABASE__URL", url)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://hub:{SECRET}@db,standby:5433/ganzhi?target_session_attrs=read-write",
        f"postgresql://hub:a%40b%2F{SECRET}@[::1]:5432/ganzhi",
        f"host=/run/postgresql dbname=ganzhi password='{SECRET} with a space'",
        "postgresql://postgres@/ganzhi?host=/tmp/somewhere",
    ],
)
def test_an_address_is_kept_as_it_is_written_and_never_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HUB_DATABASE__URL", url)
    settings = load_settings()
    assert settings.database.url == url
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_MQTT__HOST", f"mqtt://hub:{SECRET}@broker"),
        ("HUB_MQTT__HOST", f"hub:{SECRET}@broker"),
        ("HUB_KAFKA__SERVERS", f"hub:{SECRET}@kafka:9092"),
        ("HUB_KAFKA__SERVERS", f"sasl://hub:{SECRET}@kafka:9092"),
    ],
)
def test_a_host_with_a_password_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    assert re.search("alone|without a scheme", refusal(monkeypatch, variable, value))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("HUB_DATABASE__URL", "postgresql://hub@db:99999/ganzhi", "a port is from 1 to 65535"),
        ("HUB_DATABASE__URL", "postgresql://hub@db:0/ganzhi", "a port is from 1 to 65535"),
        ("HUB_DATABASE__URL", "host=db port=99999", "a port is from 1 to 65535"),
        ("HUB_DATABASE__RETENTION_DAYS", "999999999999", "less than or equal to"),
        ("HUB_KAFKA__SERVERS", "kafka:99999", "a port is from 1 to 65535"),
        ("HUB_KAFKA__SERVERS", "kafka:9092,other:0", "a port is from 1 to 65535"),
        ("HUB_KAFKA__SERVERS", "::1:9092:x", "host:port"),
        ("HUB_MQTT__HOST", "broker:1883", "the port is mqtt.port"),
        ("HUB_MQTT__PORT", "65536", "65535"),
        ("HUB_MQTT__PASSWORD", SECRET, "set mqtt.username too"),
        ("HUB_MQTT__PREFIX", "$share/hub/ganzhi", "pattern"),
        ("HUB_API__HOST", "127.0.0.1:8420", "the port is a setting of its own"),
        ("HUB_API__HOST", "http://127.0.0.1", "alone"),
        ("HUB_API__PORT", "99999", "65535"),
        ("HUB_HUB__MONITOR_HOST", "127.0.0.1:9000", "alone"),
        ("HUB_RULES__STALE_AFTER_S", "inf", "finite"),
        ("HUB_RULES__STALE_AFTER_S", "1e300", "less than or equal to"),
        ("HUB_HTTP__REQUESTS_PER_S", "nan", "finite"),
        ("HUB_DRAIN_S", "nan", "finite"),
        ("HUB_HEALTH__FORGET_S", "5", "twice health.seen_every_s"),
    ],
)
def test_what_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    assert said in refusal(monkeypatch, variable, value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_KAFKA__SERVERS", "kafka:9092,[::1]:9092,10.0.0.1:1"),
        ("HUB_MQTT__HOST", "::1"),
        ("HUB_MQTT__PREFIX", "g"),
        ("HUB_MQTT__PREFIX", "/ganzhi/v1"),
        ("HUB_API__HOST", "fe80::1%eth0"),
        ("HUB_DATABASE__URL", "postgresql://hub@db,standby:5433/ganzhi"),
    ],
)
def test_what_can_work_is_taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("HUB_API__TOKEN", SECRET)
    section, key = variable.removeprefix("HUB_").lower().split("__")
    assert getattr(getattr(load_settings(), section), key) == value


def test_a_wrong_type_does_not_show_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "HUB_MQTT__PORT" in refusal(monkeypatch, "HUB_MQTT__PORT", SECRET)
    with pytest.raises(ValueError, match="port") as caught:
        Settings(mqtt={"port": SECRET})  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token, url = tmp_path / "token", tmp_path / "url"
    token.write_text(f"{SECRET}\n", encoding="utf-8")
    url.write_text("postgresql://hub@db/x", encoding="utf-8")
    monkeypatch.setenv("HUB_API__TOKEN_FILE", str(token))
    toml = tmp_path / "hub.toml"
    toml.write_text(f'[database]\nurl_file = "{url}"\n', encoding="utf-8")
    settings = load_settings(toml)
    assert settings.api.token is not None
    assert settings.api.token.get_secret_value() == SECRET
    assert settings.database.url == "postgresql://hub@db/x"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"\xff\xfe" + SECRET.encode(), "not UTF-8"),
        (b"x" * 70_000, "it is no secret"),
        (b"", "empty"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert told in refusal(monkeypatch, "HUB_API__TOKEN_FILE", str(file))


def test_a_secret_stands_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_API__TOKEN", SECRET)
    assert "are both set" in refusal(monkeypatch, "HUB_API__TOKEN_FILE", str(tmp_path / "token"))


def test_what_is_no_secret_stands_in_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not a setting" in refusal(monkeypatch, "HUB_MQTT__HOST_FILE", "/x")


@pytest.mark.parametrize(
    ("listeners", "told"),
    [
        ('[{"port": 5020, "registration": "REG:{imei};"}]', "{imei} is not known: {id} is the DTU's number"),
        ('[{"port": 5020, "registration": "REG:7;"}]', "write {id} once"),
        ('[{"port": 5020, "registration": "{id},{id}"}]', "write {id} once"),
        ('[{"port": 5020, "registration": "{id}{secret};"}]', "something between {id} and {secret}"),
        ('[{"port": 5020}, {"port": 5020}]', "port 5020 is there twice"),
    ],
)
def test_listeners_of_dtus_are_refused_before_a_hub_starts(
    listeners: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told in refusal(monkeypatch, "HUB_POLLING__LISTENERS", listeners)


def test_two_protocols_cannot_listen_at_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SESSION__GB26875__LISTEN_UDP", "127.0.0.1:5212")
    monkeypatch.setenv("HUB_SESSION__HJ212__LISTEN", "127.0.0.1:5212")
    load_settings()
    told = refusal(monkeypatch, "HUB_SESSION__SL651__LISTEN", "127.0.0.1:5212")
    assert "hj212 and sl651 listen at 127.0.0.1:5212" in told
