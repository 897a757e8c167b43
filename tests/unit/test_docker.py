"""docker/: what the files name exists, what must not be lost is not dropped, and no secret is in them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:[-?])([^}]*))?\}")

FONTS = "/usr/share/fonts/opentype/noto/NotoSansCJK"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest of the line)."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def broker_settings() -> dict[str, str]:
    lines = (DOCKER / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def example_env() -> dict[str, str]:
    lines = (DOCKER / "example.env").read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines if line[:1].isalpha())}


def is_setting(variable: str) -> bool:
    """Whether a HUB_* variable names a field of Settings."""
    section, _, key = variable.removeprefix("HUB_").lower().partition("__")
    field = Settings.model_fields.get(section)
    if field is None or not key:
        return field is not None
    assert isinstance(field.annotation, type)
    return key in getattr(field.annotation, "model_fields", {})


# The image


def test_the_image_copies_only_what_exists_and_is_let_through(instructions: list[tuple[str, str]]) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line.strip("!/") for line in ignored if line.startswith("!")}
    sources = [
        source for word, rest in instructions if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]
    ]
    assert "requirements.lock" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source in let_through, f"{source} is kept out by .dockerignore"


def test_the_image_holds_every_package_of_the_project(instructions: list[tuple[str, str]]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {rest.split()[0] for word, rest in instructions if word == "COPY"}
    assert set(packages) <= copied


def test_the_image_is_pinned_unprivileged_and_ends_on_sigterm(instructions: list[tuple[str, str]]) -> None:
    bases = [rest for word, rest in instructions if word == "FROM"]
    assert all(re.match(r"python:3\.11\.\d+-slim-\w+( AS \w+)?$", base) for base in bases), bases
    words = dict(instructions)
    assert words["USER"] == "10001:10001"
    assert words["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(words["ENTRYPOINT"]) == ["hub"]
    assert json.loads(words["CMD"]) == ["serve", "--config", "/etc/ganzhi/hub.toml"]
    assert [rest for word, rest in instructions if "apt-get" in rest] == [
        "apt-get update && apt-get install --yes --no-install-recommends fonts-noto-cjk"
    ]
    assert [rest for word, rest in instructions if "--from=fonts" in rest] == [
        f"--from=fonts {FONTS}-Regular.ttc {FONTS}-Bold.ttc /usr/share/fonts/noto/"
    ]


def test_wheels_are_checked_against_the_lock_before_anything_is_installed(
    instructions: list[tuple[str, str]],
) -> None:
    steps = [step.strip() for word, rest in instructions if word == "RUN" for step in rest.split("&&")]
    pip = [step for step in steps if step.startswith("pip ")]
    assert "--require-hashes" in pip[0]
    assert "--requirement requirements.lock" in pip[0]
    assert all("--no-index" in step for step in pip[1:]), "only the checked wheels may be installed"


def test_the_image_asks_a_route_of_the_api_for_its_health(instructions: list[tuple[str, str]]) -> None:
    check = next(rest for word, rest in instructions if word == "HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    compile(command[2], "HEALTHCHECK", "exec")
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)'", command[2])
    assert found
    assert int(found[1]) == tomllib.loads((DOCKER / "hub.toml").read_text())["api"]["port"]
    routes = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "api").rglob("*.py"))
    assert f'"{found[2]}"' in routes


# The services


def test_every_mounted_file_and_volume_exists(compose: dict[str, Any]) -> None:
    seen = set()
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source, target = mount.split(":")[:2]
            assert target.startswith("/")
            if source.startswith("."):
                assert (DOCKER / source).is_file(), source
            else:
                assert source in compose["volumes"], source
                seen.add(source)
    assert seen == set(compose["volumes"]), "a volume that nobody uses"


def test_the_build_finds_its_dockerfile(compose: dict[str, Any]) -> None:
    build = compose["services"]["hub"]["build"]
    context = (DOCKER / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert images["hub"] == images["migrate"] == f"ganzhi:{version}"
    for image in images.values():
        assert re.search(r":\d+\.\d+\.\d+(-pg\d+)?$", image), image


def test_every_variable_is_in_the_example_and_every_secret_is_required(compose: dict[str, Any]) -> None:
    example = example_env()
    used = {
        name: how for name, how, _ in VARIABLE.findall(re.sub(r"(?m)^ *#.*", "", (DOCKER / "compose.yaml").read_text()))
    }
    assert set(used) == set(example), "compose.yaml and example.env name the same variables"
    secrets = {name for name in used if re.search("PASSWORD|TOKEN|SECRET", name)}
    assert len(secrets) == 4
    for name in secrets:
        assert used[name] == ":?", f"{name} must be required, not defaulted"
        assert example[name] == "", f"{name} must not have a value in the example"
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET", name):
                assert VARIABLE.fullmatch(value), f"{name} is written out"


def test_the_hubs_variables_are_settings(compose: dict[str, Any]) -> None:
    assert not is_setting("HUB_API__TOKENS")
    names = [name for name in compose["services"]["hub"]["environment"] if name.startswith("HUB_")]
    assert "HUB_API__TOKEN" in names
    assert all(is_setting(name) for name in names), names


def test_the_hubs_settings_load_and_meet_the_services(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_API__TOKEN", "a-token")
    monkeypatch.setenv("HUB_MQTT__PASSWORD", "a-password")
    settings = load_settings(DOCKER / "hub.toml")
    assert settings.api.token is not None
    assert settings.api.host == "0.0.0.0"  # noqa: S104 the container's own network
    assert settings.mqtt.password is not None
    services = compose["services"]
    assert settings.mqtt.host in services
    database = re.fullmatch(r"postgresql://(\w+)@(\w+):5432/(\w+)", settings.database.url)
    assert database, "no password in the address"
    environment = services[database[2]]["environment"]
    assert f"create role {database[1]} login" in (DOCKER / "hub-role.sql").read_text(encoding="utf-8")
    owner = services["migrate"]["environment"]["HUB_DATABASE__OWNER_URL"]
    assert owner == f"postgresql://{environment['POSTGRES_USER']}@{database[2]}:5432/{environment['POSTGRES_DB']}"
    assert database[1] != environment["POSTGRES_USER"], "the hub is not the owner of its tables, nor a superuser"
    assert database[3] == environment["POSTGRES_DB"]
    assert str(settings.mqtt.port) == broker_settings()["listener"]
    assert any(port.endswith(f":{settings.api.port}") for port in services["hub"]["ports"])


def test_the_hub_is_given_the_time_it_needs_to_drain(compose: dict[str, Any]) -> None:
    grace = re.fullmatch(r"(\d+)s", compose["services"]["hub"]["stop_grace_period"])
    assert grace
    assert int(grace[1]) > Settings.model_fields["drain_s"].default


def test_ports_are_open_to_this_machine_only_unless_told(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    for port in ports:
        assert re.match(r"\$\{\w+:-127\.0\.0\.1:\d+\}:\d+$", port), port


def test_each_service_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["hub"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for service in services.values():
        for name, need in service.get("depends_on", {}).items():
            if need["condition"] == "service_healthy":
                assert services[name]["healthcheck"]["test"]


# The broker


def test_the_broker_loses_nothing_it_can_keep() -> None:
    settings = broker_settings()
    assert settings["persistence"] == "true"
    assert settings["persistence_location"] == "/mosquitto/data/"
    assert 1 <= int(settings["autosave_interval"]) <= 30
    assert settings["max_queued_messages"] == "0"
    assert settings["max_queued_bytes"] == "0"
    assert "message_size_limit" not in settings, "mosquitto acknowledges what this limit drops"
    assert "memory_limit" not in settings
    assert settings["allow_anonymous"] == "false"


def test_the_broker_keeps_a_whole_batch_in_flight_within_the_packet_ids() -> None:
    window = int(broker_settings()["max_inflight_messages"])
    assert load_settings().pipeline.batch_messages <= window < 65_536


def test_the_hub_alone_has_an_account_and_says_who_else_may(compose: dict[str, Any]) -> None:
    settings, script = broker_settings(), compose["services"]["mosquitto"]["command"][2]
    assert settings["plugin"].endswith("/mosquitto_dynamic_security.so")
    assert not {"password_file", "acl_file"} & settings.keys(), "nobody gets past the plugin"
    accounts = settings["plugin_opt_config_file"]
    assert accounts.startswith(settings["persistence_location"]), "kept in the volume"
    assert f"accounts={accounts}\n" in script
    hub = tomllib.loads((DOCKER / "hub.toml").read_text(encoding="utf-8"))["mqtt"]
    assert hub["access"] == "dynsec"
    assert f'init "$$accounts" {hub["username"]} "$$HUB_MQTT__PASSWORD"' in script
    assert '[ -s "$$accounts" ] ||' in script, "made once: what it holds of devices cannot be made again"


def test_the_readme_tells_of_the_same_settings() -> None:
    table = re.findall(r"(?m)^\| `(\w+)` \| `?(\w+)?", (ROOT / "README.md").read_text(encoding="utf-8"))
    told, shipped = dict(table), broker_settings()
    assert {"persistence", "autosave_interval", "max_queued_messages", "max_inflight_messages"} <= set(told)
    for name in ("persistence", "max_queued_messages", "max_inflight_messages"):
        assert shipped[name] == told[name]
