"""Settings: one TOML file, HUB_* environment variables over it; what is not known here is refused."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import ConfigError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """Where readings, events and alerts are kept."""

    url: str = "postgresql://postgres@127.0.0.1:5432/ganzhi"
    mode: Literal["auto", "timescaledb", "postgresql"] = "auto"
    pool_size: int = Field(default=8, ge=4, le=100)
    retention_days: int | None = Field(default=None, ge=1)


class Mqtt(Section):
    """The broker that devices publish to."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    tls_ca: Path | None = None
    client_id: str = Field(default="ganzhi-hub", min_length=1, max_length=64)
    prefix: str = Field(default="ganzhi/v1", pattern=r"^[^#+\x00]*[^#+/\x00]$")
    keepalive_s: int = Field(default=30, ge=5, le=600)


class Pipeline(Section):
    """How much is held in memory and for how long; see docs/ARCHITECTURE.md."""

    batch_messages: int = Field(default=20_000, ge=1)
    waiting_messages: int = Field(default=40_000, ge=1)
    waiting_bytes: int = Field(default=64 << 20, ge=1 << 20)
    linger_ms: int = Field(default=20, ge=0, le=1000)


class Rules(Section):
    """When readings page."""

    stale_after_s: float | None = Field(default=None, gt=0)
    """Readings older than this when they arrive never page, so that history can be filled in; None: any age may."""


class Api(Section):
    """The HTTP API and the page."""

    host: str = "127.0.0.1"
    port: int = Field(default=8420, ge=0, le=65535)
    token: SecretStr | None = None

    @model_validator(mode="after")
    def _closed_to_strangers(self) -> "Api":
        if self.token is None and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("api.token must be set when api.host is not a loopback address")
        return self


class Settings(BaseSettings):
    """All of a hub's settings. Environment: HUB_DATABASE__URL, HUB_MQTT__HOST, ..."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_nested_delimiter="__", extra="forbid", frozen=True)

    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    pipeline: Pipeline = Pipeline()
    rules: Rules = Rules()
    api: Api = Api()
    drain_s: float = Field(default=10.0, ge=0, le=300)
    """After SIGTERM: how long what was taken may need to be committed and settled."""

    @classmethod
    def settings_customise_sources(cls, *args: Any, **sources: Any) -> tuple[Any, ...]:
        return sources["env_settings"], sources["init_settings"]


def load_settings(path: Path | None = None) -> Settings:
    """The settings of a TOML file (none: the defaults) under the environment; ConfigError names key and line."""
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 at byte {error.start}") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(path, text, item) for item in error.errors())) from error


def _explain(path: Path | None, text: str, item: Any) -> str:
    keys = [str(key) for key in item["loc"]]
    name = ".".join(keys) or "the settings"
    variable = "HUB_" + "__".join(keys).upper()
    if variable in os.environ:
        where = f"environment variable {variable}"
    elif (line := _line_of(text, keys)) is not None:
        where = f"{path}, line {line}"
    else:
        where = str(path) if path else "environment"
    problem = "is not a setting" if item["type"] == "extra_forbidden" else item["msg"]
    return f"{where}: {name}: {problem}"


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line (from 1) on which a key of a TOML text is set; its table's line when only that is there."""
    table: list[str] = []
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            if table == keys[: len(table)]:
                found = number
        elif pair := re.match(r"\s*([\w.\-\"']+)\s*=", line):
            full = table + [part.strip("\"'") for part in pair[1].split(".")]
            if full == keys[: len(full)]:
                return number
    return found
