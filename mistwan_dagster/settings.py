"""Settings: the only module that reads the environment and `.env`.

Belongs here: names, defaults and validation. Does not belong here: places (`places.py`), opening anything.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mistwan_dagster.catalog.reporting import (
    DEFAULT_BUSINESS_HOURS,
    INCIDENT_MIN_CIRCUITS,
    INCIDENT_MIN_SHARE_PCT,
    INCIDENT_RADIUS_KM,
)
from mistwan_dagster.errors import UserError
from mistwan_dagster.places import Places

LONGEST_CHRONIC_DAYS = 31
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LEAST_RAW_DAYS = 29
LEAST_FACT_MONTHS = 13
MOST_YEARS = 100


class Settings(Places, BaseSettings):
    """All settings of the platform. Secrets are `SecretStr` and never printed."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", case_sensitive=False)

    mist_api_token: SecretStr | None = None
    mist_org_id: str | None = None
    mist_api_base_url: str = "https://api.mist.com"

    mistwan_warehouse: Literal["duckdb", "snowflake"] = "duckdb"
    mistwan_circuits_file: Path | None = None
    mistwan_thresholds_file: Path | None = None
    mistwan_maintenance_file: Path | None = None
    mistwan_alerts_file: Path | None = Field(
        default=None, description="rules, routes and targets of alerts; without it nobody is told"
    )
    mistwan_region_prefix: str = "Region "
    mistwan_store_type_prefix: str = "Store type "

    mistwan_business_hours: str = Field(
        default=DEFAULT_BUSINESS_HOURS,
        description="opening hours by the store's clock; `; Type=...` for store types",
    )
    mistwan_incident_min_circuits: int = Field(
        default=INCIDENT_MIN_CIRCUITS, ge=2, description="circuits hit together that make a carrier incident"
    )
    mistwan_incident_min_share_pct: float = Field(
        default=INCIDENT_MIN_SHARE_PCT,
        ge=0,
        le=100,
        description="share of the provider's circuits in the area that they must make up",
    )
    mistwan_incident_radius_km: float = Field(
        default=INCIDENT_RADIUS_KM, ge=0, description="sites this close share an area; 0: an area is a region"
    )

    mistwan_call_budget: int = Field(
        default=4500, ge=1, description="calls a token may spend in a clock hour"
    )
    mistwan_live_reserve: int = Field(
        default=1000, ge=0, description="calls of the budget kept for live collection"
    )
    mistwan_sle_degraded_below: float = Field(
        default=0.9, ge=0, le=1, description="SLE score below which a site counts as degraded"
    )
    mistwan_sle_calls: int = Field(
        default=1500, ge=0, description="calls that one SLE deep-dive may make, within the optional part"
    )
    mistwan_history_days: int = Field(
        default=14, ge=0, le=14, description="days back that sensors fill and mend by themselves; 0: none"
    )
    mistwan_ranges_at_once: int = Field(
        default=2,
        ge=1,
        description="runs of one kind of computing that sensors ask for at once, each of a range",
    )
    mistwan_request_timeout_s: float = Field(default=30.0, gt=0)
    mistwan_chronic_bad_days: int = Field(
        default=3, ge=1, description="bad days that make a chronic offender"
    )
    mistwan_chronic_window_days: int = Field(
        default=7, ge=1, le=LONGEST_CHRONIC_DAYS, validate_default=True, description="days that are looked at"
    )
    mistwan_chronic_level: Literal["warning", "high", "critical"] = Field(
        default="high", description="level at which an hour makes its day bad"
    )
    mistwan_chronic_flaps: int = Field(default=1, ge=1, description="link transitions that make a day bad")
    mistwan_availability_target_pct: float = Field(
        default=99.5, ge=0, le=100, description="availability below which a day is bad"
    )
    mistwan_dagster_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Dagster's UI as the dashboard's readers reach it, for its links",
    )
    mistwan_now: datetime | None = Field(
        default=None, description="instant that commands take for now (rehearsals with a simulated cloud)"
    )

    mistwan_raw_days: int = Field(default=31, description="days that raw answers are kept")
    mistwan_fact_months: int = Field(
        default=14, description="whole months before the current one that hourly figures are kept"
    )

    mistwan_dagster_postgres_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL for Dagster's runs, events and ticks; else SQLite in MISTWAN_HOME",
    )
    mistwan_report_mail: SecretStr | None = Field(
        default=None, description="Apprise addresses that reports are sent to, apart by spaces"
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis for the dashboard's answers and the call quota"
    )
    mistwan_proxy_secret: SecretStr | None = Field(
        default=None, description="what the proxy that signs users in sends, so that it is believed"
    )
    mistwan_user_header: str = Field(
        default="X-Forwarded-User", description="header in which the proxy tells the user"
    )

    snf_account: str | None = None
    snf_user: str | None = None
    snf_private_key_file: Path | None = Field(
        default=None, description="key of the service user, PEM (PKCS 8)"
    )
    snf_private_key: SecretStr | None = Field(default=None, description="the key itself, PEM or base64 of it")
    snf_private_key_passphrase: SecretStr | None = None
    snf_password: SecretStr | None = Field(default=None, description="where the account still allows it")
    snf_authenticator: str | None = Field(default=None, description="`externalbrowser` for a person")
    snf_role: str | None = None
    snf_database: str = "MISTWAN"
    snf_schema: str = "WAN"
    snf_warehouse: str | None = None
    snf_host: str | None = Field(default=None, description="when it does not follow from the account")
    snf_port: int | None = Field(default=None, ge=1, le=65535)
    snf_protocol: Literal["https", "http"] = "https"
    snf_login_timeout_s: int = Field(default=60, ge=1)
    snf_network_timeout_s: int = Field(
        default=120, ge=1, description="how long the connector retries a request"
    )
    snf_statement_timeout_s: int = Field(default=600, ge=1)

    @field_validator("mist_api_base_url")
    @classmethod
    def _https_or_loopback(cls, value: str) -> str:
        parts = urlsplit(value)
        plain_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or plain_loopback):
            raise ValueError("must be https://host, or http on loopback")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        try:
            _ = urlsplit(value.get_secret_value()).port if value else None
        except ValueError:  # its text holds a part of the password
            raise ValueError(
                "has no valid port: a / @ : or % in its password is written as %2F %40 %3A %25"
            ) from None
        return value

    @field_validator("mistwan_dagster_postgres_url")
    @classmethod
    def _postgres_address(cls, value: SecretStr | None) -> SecretStr | None:
        """Dagster brings psycopg2; by `postgresql://` alone SQLAlchemy would look for another driver."""
        if value and not value.get_secret_value().startswith("postgresql+psycopg2://"):
            raise ValueError("must begin with postgresql+psycopg2://")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_not_set(cls, value: object, info: ValidationInfo) -> object:
        """Templates leave settings empty; an empty MISTWAN_HOME would spread the lake over the current folder.

        An empty prefix says something: it takes every group.
        """
        name = info.field_name
        if value == "" and name is not None and not name.endswith("_prefix"):
            return cls.model_fields[name].get_default(call_default_factory=True)
        return value

    @field_validator("mistwan_chronic_window_days")
    @classmethod
    def _holds_the_bad_days(cls, value: int, info: ValidationInfo) -> int:
        bad = info.data.get("mistwan_chronic_bad_days", 0)
        if value < bad:
            raise ValueError(f"must be at least MISTWAN_CHRONIC_BAD_DAYS ({bad})")
        return value

    @field_validator("mistwan_raw_days")
    @classmethod
    def _enough_raw_days(cls, value: int) -> int:
        if value < LEAST_RAW_DAYS:
            raise ValueError(
                f"must be {LEAST_RAW_DAYS} or more: history is backfilled 14 days, each needs the events of 14 more"
            )
        if value > MOST_YEARS * 365:
            raise ValueError(f"must be {MOST_YEARS * 365} or less, a hundred years")
        return value

    @field_validator("mistwan_fact_months")
    @classmethod
    def _enough_fact_months(cls, value: int) -> int:
        if value < LEAST_FACT_MONTHS:
            raise ValueError(f"must be {LEAST_FACT_MONTHS} or more: availability is told over 13 months")
        if value > MOST_YEARS * 12:
            raise ValueError(f"must be {MOST_YEARS * 12} or less, a hundred years")
        return value

    @field_validator("mistwan_now")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    @property
    def report_addresses(self) -> list[str]:
        """Apprise addresses of the readers of reports; they may hold passwords."""
        return self.mistwan_report_mail.get_secret_value().split() if self.mistwan_report_mail else []

    def require_report_addresses(self) -> None:
        """Raises UserError when none is set."""
        if not self.report_addresses:
            raise UserError(
                "MISTWAN_REPORT_MAIL is not set: put Apprise addresses in the environment or in .env",
                exit_code=2,
            )

    def now(self) -> datetime:
        """The present instant, UTC, or `MISTWAN_NOW` when a rehearsal sets it."""
        return self.mistwan_now or datetime.now(UTC)

    def credentials(self) -> tuple[SecretStr, str]:
        """Token and org id. Raises UserError naming the missing setting."""
        if self.mist_api_token is None or not self.mist_api_token.get_secret_value():
            raise UserError("MIST_API_TOKEN is not set: put it in the environment or in .env", exit_code=2)
        if not self.mist_org_id:
            raise UserError("MIST_ORG_ID is not set: put it in the environment or in .env", exit_code=2)
        return self.mist_api_token, self.mist_org_id

    def alert_url(self, variable: str) -> SecretStr:
        """URL of a receiver, from the variable that the alerts file names. Raises UserError when it is not set."""
        value = os.environ.get(variable) or dotenv_values(".env").get(variable)
        if not value:
            raise UserError(f"{variable} is not set: put it in the environment or in .env", exit_code=2)
        return SecretStr(value)


def load_settings() -> Settings:
    """Read settings. Raises UserError (exit 2) naming each wrong setting; values of secrets are not echoed."""
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise UserError(f"settings: {problems}", exit_code=2) from None
