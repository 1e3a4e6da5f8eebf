"""What can be set, by ``nianbao.toml`` in the working folder and by ``NIANBAO_*`` in the environment (which wins)."""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic_settings
from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from scrapers.errors import UsageError
from scrapers.sources import REGISTRY
from scrapers.web.quiet_hours import QuietHours

SETTINGS_FILE = "nianbao.toml"
PREFIX = "NIANBAO_"


IN_BLOCKS = ("notify_webhook", "smtp_password")
"""Secrets that `nianbao deploy` puts into Prefect's blocks."""
SECRETS = (*IN_BLOCKS, "server_token")
"""Settings that are taken from the environment only, and shown nowhere."""


class SettingsError(UsageError):
    """A setting is wrong; the message names it, where it came from, and what it takes."""


class Settings(BaseSettings):
    """Every setting with its default. Times are seconds, sizes are bytes, paths are relative to the working folder."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=SETTINGS_FILE, extra="forbid", frozen=True)

    data_dir: Annotated[Path, Field(description="folder of the archive, the landing place and the warehouse")] = Path(
        "data"
    )
    sources_dir: Annotated[Path, Field(description="folder of the registry of sources")] = REGISTRY
    proxy: Annotated[str | None, Field(description="HTTP forward proxy for all requests to sites")] = None
    user_agent: Annotated[str, Field(description="how the crawler names itself; add a contact of yours")] = (
        "nianbao/0.1 (+https://github.com/nianbao/nianbao; research archive of annual government reports)"
    )
    pace_seconds: Annotated[float, Field(ge=0, description="least time between two requests to one host")] = 2.0
    pace_store: Annotated[
        Literal["folder", "prefect"],
        Field(
            description="who keeps the pace: the state folder (shared, for machines too), or leases of PREFECT_API_URL"
        ),
    ] = "folder"
    shared_store: Annotated[
        str | None,
        Field(description="what machines share: s3://bucket/prefix, or file:///folder that each mounts; not set: none"),
    ] = None
    store_role: Annotated[
        Literal["loader", "crawler"],
        Field(description="with a shared store: this machine loads what lands there (one does), or hands over to it"),
    ] = "loader"
    keep_archive_days: Annotated[
        int,
        Field(
            ge=0, description="on a crawler: days after which a WARC file that the loader holds is deleted; 0: never"
        ),
    ] = 90
    max_requests_per_host: Annotated[
        int, Field(ge=1, description="requests of one run to one host; the rest waits")
    ] = 2000
    max_requests: Annotated[int | None, Field(ge=1, description="requests of one run in all; not set: any number")] = (
        None
    )
    circuit_failures: Annotated[
        int, Field(ge=0, description="fetches in a row that fail before a host is left alone; 0: never")
    ] = 5
    circuit_cooldown: Annotated[
        float, Field(gt=0, description="how long it is left alone; doubled by each failed probe, up to 6 hours")
    ] = 300.0
    quiet_hours: Annotated[
        str | None,
        Field(description="no host is asked then, China time, such as 08:00-18:00; a source may have its own"),
    ] = None
    quiet_hours_wait: Annotated[float, Field(ge=0, description="quiet hours that end within this are waited for")] = (
        900.0
    )
    connect_timeout: Annotated[float, Field(gt=0, description="for a connection to come up")] = 10.0
    read_timeout: Annotated[float, Field(gt=0, description="between two pieces of an answer")] = 30.0
    total_timeout: Annotated[float, Field(gt=0, description="for one answer as a whole")] = 120.0
    max_bytes: Annotated[int, Field(gt=0, description="largest answer that is taken")] = 30 * 1024 * 1024
    max_attempts: Annotated[int, Field(ge=1, description="tries of one request")] = 3
    archive_file_bytes: Annotated[
        int, Field(ge=1024 * 1024, description="size at which the next WARC file of a host begins")
    ] = 512 * 1024 * 1024
    workers: Annotated[int, Field(ge=1, le=256, description="hosts crawled at the same time")] = 8
    batch_pages: Annotated[int, Field(ge=1, description="pages a batch handed to the loader")] = 50
    obey_robots: Annotated[bool, Field(description="obey robots.txt")] = True
    allow_private_addresses: Annotated[bool, Field(description="allow requests to private and loopback addresses")] = (
        False
    )
    trusted_hosts: Annotated[tuple[str, ...], Field(description="hosts outside .gov.cn whose pages are trusted")] = ()

    followed: Annotated[
        tuple[str, ...],
        Field(description="sources whose overdue reports are announced, by id with * and ?, such as zhejiang/*"),
    ] = ("*",)
    overdue_grace_days: Annotated[
        int, Field(ge=0, description="days past the legal deadline before an overdue report is announced")
    ] = 3
    silent_days: Annotated[
        int, Field(ge=1, description="days without one good listing before a source is announced as silent")
    ] = 7
    notify_webhook: Annotated[
        SecretStr | None, Field(description="address that notifications are posted to as JSON; environment only")
    ] = None
    notify_email: Annotated[tuple[str, ...], Field(description="addresses that notifications are mailed to")] = ()
    smtp_host: Annotated[str | None, Field(description="mail server")] = None
    smtp_port: Annotated[int, Field(ge=1, le=65535, description="port of the mail server")] = 587
    smtp_security: Annotated[
        Literal["starttls", "ssl", "none"], Field(description="encryption towards the mail server")
    ] = "starttls"
    smtp_user: Annotated[str | None, Field(description="user name at the mail server")] = None
    smtp_password: Annotated[SecretStr | None, Field(description="password there; environment only")] = None
    smtp_from: Annotated[str | None, Field(description="address that notifications come from")] = None
    notify_blocks: Annotated[
        tuple[str, ...],
        Field(description="further notification blocks, made in Prefect's UI, as type/name, such as slack-webhook/ops"),
    ] = ()
    server: Annotated[
        str | None, Field(description="address of a nianbao share that nianbao sql asks instead of the copy here")
    ] = None
    server_token: Annotated[SecretStr | None, Field(description="your token for that server; environment only")] = None

    @field_validator("proxy")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value:
            TypeAdapter(HttpUrl).validate_python(value)
        return value or None

    @field_validator("user_agent")
    @classmethod
    def _can_be_sent(cls, value: str) -> str:
        if not value.strip() or not value.isascii() or not value.isprintable():
            raise ValueError("a header of a request takes Latin letters, digits and signs, in one line")
        return value

    @field_validator("notify_webhook", "smtp_user", "smtp_password", "smtp_host", "smtp_from", mode="before")
    @classmethod
    def _is_not_set_where_empty(cls, value: object) -> object:
        """An environment file that keeps the name and says nothing, as ``deployments/example.env`` does."""
        return None if value == "" else value

    @field_validator("notify_webhook")
    @classmethod
    def _can_be_posted_to(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("an address such as https://example.org/hook")  # without what was given: it is a secret
        return value

    @field_validator("shared_store")
    @classmethod
    def _is_a_store(cls, value: str | None) -> str | None:
        if value and not value.startswith(("s3://", "file:///")):
            raise ValueError("an address such as s3://bucket/nianbao or file:///mnt/share/nianbao")
        if value and "@" in value:
            raise ValueError("no keys in the address: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
        return value or None

    @field_validator("quiet_hours")
    @classmethod
    def _are_hours(cls, value: str | None) -> str | None:
        return str(QuietHours.parse(value)) if value else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # two places are enough to look for a setting
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def hands_over(self) -> bool:
        """Whether this machine crawls for the loader of another."""
        return self.shared_store is not None and self.store_role == "crawler"

    @property
    def takes_in(self) -> bool:
        """Whether this machine loads what others land in the shared store."""
        return self.shared_store is not None and self.store_role == "loader"

    @property
    def notifies(self) -> bool:
        """Whether anybody is told of what happens."""
        return bool(self.notify_webhook or self.notify_email or self.notify_blocks)

    @property
    def archive_dir(self) -> Path:
        """WARC files."""
        return self.data_dir / "archive"

    @property
    def landing_dir(self) -> Path:
        """Batches that wait for the loader."""
        return self.data_dir / "landing"

    @property
    def recognised_dir(self) -> Path:
        """Texts of scans, a file a digest: hours of work, to be kept with the archive."""
        return self.data_dir / "recognised"

    @property
    def state_dir(self) -> Path:
        """Pace stamps, robots.txt copies, locks."""
        return self.data_dir / "state"

    @property
    def warehouse_path(self) -> Path:
        """The loader's file. Nobody else opens it."""
        return self.data_dir / "warehouse" / "nianbao.duckdb"

    @property
    def reader_path(self) -> Path:
        """The copy that analysts open."""
        return self.data_dir / "nianbao.duckdb"

    @property
    def announcements_path(self) -> Path:
        """What operators were told, a line each."""
        return self.data_dir / "announcements.jsonl"

    @property
    def prefect_home(self) -> Path:
        """Where the embedded Prefect server keeps its SQLite file."""
        return self.data_dir / "prefect"


def read_settings(**given: Any) -> Settings:
    """The settings in force. Raises :class:`SettingsError` in a reader's words."""
    try:
        settings = Settings(**given)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            origin = origins(given).get(name, SETTINGS_FILE)
            if name in SECRETS and origin == SETTINGS_FILE:
                raise SettingsError(_is_a_secret(name)) from None
            what = _unknown(name) if problem["type"] == "extra_forbidden" else problem["msg"]
            lines.append(f"setting {name} (from {origin}): {what}. `nianbao doctor` lists all settings.")
        raise SettingsError("\n".join(lines)) from error
    except pydantic_settings.SettingsError as error:
        # A list in a variable that is no JSON; its cause says where.
        raise SettingsError(f'{error}: {error.__cause__}. A list is JSON, such as ["www.example.cn"].') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{SETTINGS_FILE}: not valid TOML: {error}") from error
    found = origins(given)
    for name in SECRETS:
        if found[name] == SETTINGS_FILE:
            raise SettingsError(_is_a_secret(name))
    return settings


def _is_a_secret(name: str) -> str:
    of_deploy = " of `nianbao deploy`, which puts it into a Prefect block" if name in IN_BLOCKS else ""
    return (
        f"setting {name} is a secret, and {SETTINGS_FILE} is no place for one: take it out and set "
        f"{PREFIX}{name.upper()} in the environment{of_deploy}"
    )


def _unknown(name: str) -> str:
    names = sorted(Settings.model_fields)
    near = [one for one in names if name in one] or get_close_matches(name, names)
    return "there is no such setting" + (f"; did you mean {' or '.join(near[:3])}?" if near else "")


def unknown_variables() -> tuple[str, ...]:
    """Variables with our prefix that set nothing: most likely misspelt."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return tuple(sorted(key for key in os.environ if key.upper().startswith(PREFIX) and key.upper() not in known))


def origins(given: dict[str, Any] | None = None) -> dict[str, str]:
    """Name of each setting -> where its value came from: an argument, a variable, the file, or ``default``."""
    in_file: dict[str, Any] = {}
    if Path(SETTINGS_FILE).is_file():
        in_file = tomllib.loads(Path(SETTINGS_FILE).read_text("utf-8"))
    found = {}
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}"
        if given and name in given:
            found[name] = "command line"
        elif any(key.upper() == variable for key in os.environ):
            found[name] = variable
        else:
            found[name] = SETTINGS_FILE if name in in_file else "default"
    return found
