"""The platform's parts, opened from the settings: lake, warehouse, Mist session, quota, configuration files.

Belongs here: wiring. Everything is opened when first asked for, so that a command pays only for what it uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
from pydantic import PrivateAttr

from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.alerts_file import AlertConfig, load_alerts
from mistwan_dagster.kpi.business_hours import OpeningHours, parse_opening_hours
from mistwan_dagster.kpi.calendar import Period
from mistwan_dagster.kpi.carrier_incidents import IncidentRule
from mistwan_dagster.kpi.chronic import ChronicRule
from mistwan_dagster.kpi.circuits_file import read_circuits_file
from mistwan_dagster.kpi.maintenance import MAINTENANCE_SCHEMA, read_maintenance_file
from mistwan_dagster.kpi.thresholds import Thresholds, load_thresholds
from mistwan_dagster.lake.kpi import KpiLake
from mistwan_dagster.lake.locks import Lock, file_locks
from mistwan_dagster.lake.raw import RawLake
from mistwan_dagster.mist.quota import Ledger, SqliteQuota, fingerprint
from mistwan_dagster.mist.session import connect
from mistwan_dagster.orchestration.liveness import run_alive
from mistwan_dagster.orchestration.pools import limit_pools
from mistwan_dagster.orchestration.run_log import log_run
from mistwan_dagster.orchestration.warehouses import open_reader, open_warehouse
from mistwan_dagster.settings import Settings, load_settings
from mistwan_dagster.warehouse.port import Reader, Warehouse

if TYPE_CHECKING:
    from mistwan_dagster.mist.sdk_session import MistSession


@dataclass(frozen=True)
class Platform:
    """Everything that assets and commands work with."""

    settings: Settings
    run_id: str = ""
    """The Dagster run that works with it, empty outside of one."""

    @classmethod
    def open(cls, run_id: str = "") -> Platform:
        """From the environment. Raises UserError for wrong settings."""
        return cls(load_settings(), run_id)

    @cached_property
    def raw(self) -> RawLake:
        """Raw part of the lake."""
        return RawLake(self.settings.lake, self.lake_lock)

    @cached_property
    def kpi(self) -> KpiLake:
        """Computed part of the lake."""
        return KpiLake(self.settings.lake)

    @property
    def lake_lock(self) -> Lock | None:
        """For a lake on an object store: in Redis when its URL is set, else for this home alone."""
        settings = self.settings
        if not settings.mistwan_lake_url:
            return None
        if settings.redis_url:
            from mistwan_dagster.lake.redis_locks import redis_locks

            return redis_locks(settings.redis_url.get_secret_value(), settings.mistwan_lake_url)
        return file_locks(settings.state / "locks")

    @cached_property
    def warehouse(self) -> Warehouse:
        """Writing side of the warehouse."""
        return open_warehouse(self.settings, self.run_id)

    @cached_property
    def published(self) -> Reader:
        """Reading side of the warehouse."""
        return open_reader(self.settings)

    @cached_property
    def org_id(self) -> str:
        """The organization. Raises UserError when it is not set."""
        return self.settings.credentials()[1]

    @cached_property
    def session(self) -> MistSession:
        """Session with the Mist cloud; nothing is sent yet."""
        token, _ = self.settings.credentials()
        return connect(
            token, self.settings.mist_api_base_url, timeout_s=self.settings.mistwan_request_timeout_s
        )

    @cached_property
    def quota(self) -> Ledger:
        """The call budget that all processes with this token share: in Redis when its URL is set, else in a file."""
        settings = self.settings
        name = fingerprint(settings.credentials()[0].get_secret_value())
        budget = settings.mistwan_call_budget
        reserve = min(settings.mistwan_live_reserve, budget)
        if settings.redis_url:
            from mistwan_dagster.mist.redis_quota import RedisQuota

            return RedisQuota(settings.redis_url.get_secret_value(), name, budget, reserve, settings.now)
        settings.state.mkdir(parents=True, exist_ok=True)
        return SqliteQuota(settings.state / "quota.sqlite", name, budget, reserve, settings.now)

    @cached_property
    def circuits_file(self) -> pl.DataFrame | None:
        """Contents of the circuits file, None when none is set. Raises UserError for a wrong file."""
        path = self.settings.mistwan_circuits_file
        return read_circuits_file(path) if path else None

    @cached_property
    def thresholds(self) -> Thresholds:
        """Defaults and the overrides of the thresholds file. Raises UserError for a wrong file."""
        return load_thresholds(self.settings.mistwan_thresholds_file)

    @cached_property
    def maintenance(self) -> pl.DataFrame:
        """Windows of the maintenance file, none without one. Raises UserError for a wrong file."""
        path = self.settings.mistwan_maintenance_file
        return read_maintenance_file(path) if path else pl.DataFrame(schema=MAINTENANCE_SCHEMA)

    @cached_property
    def alerting(self) -> AlertConfig:
        """Rules, routes and targets of alerts. Raises UserError for a wrong file."""
        return load_alerts(self.settings.mistwan_alerts_file)

    @cached_property
    def opening_hours(self) -> OpeningHours:
        """When stores are open. Raises UserError for a wrong setting."""
        return parse_opening_hours(self.settings.mistwan_business_hours)

    def read_configuration(self) -> None:
        """Read every configuration file: a wrong one raises its UserError before anything is asked or started."""
        _ = self.circuits_file, self.thresholds, self.maintenance, self.opening_hours, self.alerting

    @property
    def incident_rule(self) -> IncidentRule:
        """What makes a carrier incident."""
        settings = self.settings
        return IncidentRule(settings.mistwan_incident_min_circuits, settings.mistwan_incident_min_share_pct)

    @property
    def chronic_rule(self) -> ChronicRule:
        """When a circuit is a chronic offender, by the settings."""
        s = self.settings
        return ChronicRule(
            s.mistwan_chronic_bad_days,
            s.mistwan_chronic_window_days,
            s.mistwan_chronic_level,
            s.mistwan_chronic_flaps,
            s.mistwan_availability_target_pct,
        )

    def period_configuration(self, period: Period) -> str:
        """Text of the configuration that figures of periods depend on, for their fingerprints."""
        path = self.settings.mistwan_maintenance_file
        planned = path.read_text(encoding="utf-8") if period == "month" and path and path.exists() else ""
        return f"{self.settings.mistwan_business_hours}\n{planned}\n"


class PlatformResource(dg.ConfigurableResource):
    """Opens the platform inside a run, whose pools it sees to, and shows while it runs that its process lives."""

    _of_run: Platform | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[PlatformResource]:
        """Also used by sensors and schedules, which have no run. Wrong settings are left for the steps to tell."""
        try:
            settings = load_settings() if context.run_id else None
        except UserError:
            settings = None
        with run_alive(settings, str(context.run_id)) if settings else nullcontext():
            if settings and context.run and context.instance:
                limit_pools(context.instance)
                log_run(settings.logs, context.run, context.instance)
            yield self

    def open(self) -> Platform:
        """A platform of the current environment; the same for all steps of a run in one process."""
        run_id = self.get_resource_context().run_id or ""
        if self._of_run is None or not run_id or self._of_run.run_id != run_id:
            self._of_run = Platform.open(run_id)
        return self._of_run
