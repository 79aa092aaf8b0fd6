"""Where things are kept: the settings that name places, and the folders that follow from them.

Belongs here: paths. Does not belong here: all other settings, and reading the environment (`settings.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

if TYPE_CHECKING:
    from upath import UPath

OF_STORES: dict[str, Any] = {"use_listings_cache": False}
"""What others wrote must be seen: the lake remembers listings itself, as long as it says."""


class Places(BaseModel):
    """Part of the settings."""

    mistwan_home: Path = Path(".mistwan")
    mistwan_lake_url: str | None = Field(
        default=None,
        description="object store that holds the lake, `s3://bucket/folder`; its credentials are found by the "
        "store's own means",
    )
    mistwan_reports_dir: Path | None = Field(
        default=None, description="where reports are written; default MISTWAN_HOME/reports"
    )
    mistwan_api_tokens_file: Path | None = Field(
        default=None, description="hashed tokens of the read API; default MISTWAN_HOME/state/api-tokens.json"
    )

    @field_validator("mistwan_lake_url")
    @classmethod
    def _store_without_secrets(cls, value: str | None) -> str | None:
        """The URL stands in messages and logs; what is wrong with it is told without it."""
        if value is None:
            return None
        from fsspec import available_protocols

        parts = urlsplit(value)
        if parts.scheme in ("", "file", "local") or parts.scheme not in available_protocols():
            raise ValueError("must name an object store, for example s3://bucket/folder; for a folder on disk set "
                             "MISTWAN_HOME")  # fmt: skip
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "must hold neither user, password nor options: the store's own settings tell them"
            )
        if not parts.netloc:
            raise ValueError("must name a bucket, for example s3://bucket/folder")
        return value.rstrip("/")

    @property
    def home(self) -> Path:
        """Absolute `MISTWAN_HOME`."""
        return self.mistwan_home.expanduser().absolute()

    @property
    def lake(self) -> Path | UPath:
        """Root of the Parquet lake: `MISTWAN_LAKE_URL`, or a folder of the home."""
        if self.mistwan_lake_url is None:
            return self.home / "lake"
        from upath import UPath

        return UPath(self.mistwan_lake_url, **OF_STORES)

    @property
    def state(self) -> Path:
        """Small state that is not data: quota ledger, watermarks."""
        return self.home / "state"

    @property
    def told(self) -> Path | UPath:
        """Where notes are kept of who was told what: beside a lake on disk; in one on an object store, where each
        machine that looks finds them."""
        return self.state if self.mistwan_lake_url is None else self.lake

    @property
    def logs(self) -> Path:
        """Folder of the structured logs."""
        return self.home / "logs"

    @property
    def dagster_home(self) -> Path:
        """Home of the Dagster instance."""
        return self.home / "dagster"

    @property
    def warehouse(self) -> Path:
        """Folder of the DuckDB warehouse and its published copies."""
        return self.home / "warehouse"

    @property
    def reports(self) -> Path:
        """Where reports are written."""
        return (self.mistwan_reports_dir or self.home / "reports").expanduser().absolute()

    @property
    def deliveries(self) -> Path | UPath:
        """Notes of which report was delivered to whom."""
        return self.told / "deliveries"

    @property
    def api_tokens_file(self) -> Path:
        """Where the hashed tokens of the read API are."""
        return self.mistwan_api_tokens_file or self.state / "api-tokens.json"
