"""Delivery of alerts: each message once to each target, whatever is killed, down or wrong in between.

The order of steps is the point. Alerts are in the lake before anything is sent. A message is then written down as
pending, as being sent, and as delivered, each time before the next step. A kill before an attempt leaves it pending; a
kill within leaves it as being sent, which nobody can tell from sent, so that it is sent again and says so (PagerDuty
knows it by its key, a webhook by its header). A failed attempt leaves it pending for the next run, for GIVE_UP_AFTER at
most; the target gets nothing else in this run, and the other targets theirs. No Dagster.

Does not belong here: what is due (`kpi.alerts_due`), files (`alert_outbox`), sending (`notify`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl
from pydantic import SecretStr

from mistwan_dagster.catalog.alert_tables import EVENTS, FACT_ALERT, FACT_ALERT_BREACH, FACT_ALERT_DELIVERY
from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.alerts_due import due
from mistwan_dagster.kpi.alerts_incidents import Alerts
from mistwan_dagster.kpi.versions import newest
from mistwan_dagster.lake.locks import LockHeld, file_locks
from mistwan_dagster.notify.message import Message, Names, message
from mistwan_dagster.orchestration.alert_outbox import (
    DELIVERED,
    GIVEN_UP,
    PENDING,
    SENDING,
    Entry,
    Outbox,
    lost_entries,
    with_entries,
)
from mistwan_dagster.orchestration.episodes import whole_table
from mistwan_dagster.orchestration.platform import Platform

log = logging.getLogger(__name__)
GIVE_UP_AFTER = timedelta(hours=24)
Send = Callable[[SecretStr, Message], str | None]


@dataclass(frozen=True)
class Outcome:
    """Messages delivered, failed for now and given up in a run, those still pending, and why, by target."""

    delivered: int
    failed: int
    given_up: int
    pending: int
    errors: dict[str, str]


@contextmanager
def alone(platform: Platform) -> Iterator[None]:
    """One process at a time looks at alerts or delivers them, of all machines on a lake when Redis answers.

    When it does not, one of each machine: an alert that is told twice is better than one that is not told.
    """
    with ExitStack() as stack:
        stack.enter_context(file_locks(platform.settings.state / "alerts")("alerts"))
        shared = platform.lake_lock if platform.settings.redis_url else None
        if shared:
            try:
                stack.enter_context(shared("alerts"))
            except LockHeld:
                raise
            except UserError as error:
                log.warning("alerts of other machines may be told twice: %s", error)
        yield


def outbox(platform: Platform) -> Outbox:
    """Messages on their way."""
    return Outbox(platform.settings.told / "alerts" / "outbox")


def known_alerts(platform: Platform) -> Alerts:
    """The alerts of the lake."""
    return Alerts(whole_table(platform, FACT_ALERT), whole_table(platform, FACT_ALERT_BREACH))


def by_apprise(url: SecretStr, message: Message) -> str | None:
    """One attempt, see `notify.sender.send`; imported when there is something to send, as it takes a second."""
    from mistwan_dagster.notify.sender import send

    return send(url, message)


def deliver(platform: Platform, send: Send = by_apprise) -> Outcome:
    """Send what is due and what is left of earlier runs, and renew fact_alert_delivery."""
    with alone(platform):
        return _deliver(platform, send)


def _deliver(platform: Platform, send: Send) -> Outcome:
    now, box, known = platform.settings.now(), outbox(platform), known_alerts(platform)
    table = whole_table(platform, FACT_ALERT_DELIVERY)
    left = [_resumed(e) for e in box.entries()]
    left += [box.put(e) for e in lost_entries(table, left)]
    for key in due(known, with_entries(table, left), platform.alerting.routes, now):
        left.append(box.put(Entry(*key, created_utc=now)))
    ended, errors = [e for e in left if e.is_over], dict[str, str]()
    waiting = [e for e in left if not e.is_over]
    before = len(ended)
    teller = _Teller(platform, known, send)
    for target in dict.fromkeys(e.target for e in waiting):
        told = teller.tell(target, [e for e in waiting if e.target == target])
        ended += [e for e in told if e.is_over]
        problems = [e.error for e in told if e.error]
        errors |= {target: problems[0]} if problems else {}
        waiting = [e for e in waiting if e.target != target] + [e for e in told if not e.is_over]
    renewed = with_entries(table, [*ended, *waiting])
    if platform.kpi.read(FACT_ALERT_DELIVERY.name) is None or not renewed.equals(table):
        platform.kpi.write(FACT_ALERT_DELIVERY.name, renewed)
    box.remove(ended)
    return Outcome(
        delivered=sum(e.state == DELIVERED for e in ended[before:]),
        failed=sum(e.error is not None for e in waiting),
        given_up=sum(e.state == GIVEN_UP for e in ended[before:]),
        pending=len(waiting),
        errors=errors,
    )


class _Teller:
    """Sends the messages of one target after the other."""

    def __init__(self, platform: Platform, known: Alerts, send: Send) -> None:
        self.platform, self.known, self.send = platform, known, send
        self.box, self.now = outbox(platform), platform.settings.now()
        self.alerts = {row["alert_id"]: row for row in known.alerts.iter_rows(named=True)}
        self.names = _names(platform)

    def tell(self, target: str, entries: list[Entry]) -> list[Entry]:
        """The entries of a target as they are after this run; the first that fails ends it.

        What failed least goes first, so that a message that the receiver refuses does not stand in the way of others;
        of one alert nothing overtakes what came before.
        """
        try:
            url = self._url(target)
        except UserError as error:
            return [self._failed(e, str(error)) for e in entries]
        order = sorted(entries, key=lambda e: (e.attempts, e.created_utc, EVENTS.index(e.event)))
        told: list[Entry] = []
        while order:
            ahead = next((e for e in order if not _waits(e, order)), order[0])
            order.remove(ahead)
            after = self._attempt(url, ahead)
            told.append(after)
            if after.state == GIVEN_UP:
                told += [self._give_up(e) for e in order if e.alert_id == ahead.alert_id]
                order = [e for e in order if e.alert_id != ahead.alert_id]
            if after.state != DELIVERED and after.attempts > ahead.attempts:
                return [*told, *order]
        return told

    def _url(self, target: str) -> SecretStr:
        variable = self.platform.alerting.targets.get(target)
        if variable is None:
            raise UserError(f"the target {target} is no longer in the alerts file")
        return self.platform.settings.alert_url(variable)

    def _attempt(self, url: SecretStr, entry: Entry) -> Entry:
        if entry.alert_id not in self.alerts:
            return self._give_up(replace(entry, error="the alert is not in the lake"))
        begun = self.box.put(replace(entry, state=SENDING, attempts=entry.attempts + 1))
        problem = self.send(url, self._message(begun))
        if problem is not None:
            return self._failed(begun, problem)
        return self.box.put(replace(begun, state=DELIVERED, error=None, ended_utc=self.now))

    def _failed(self, entry: Entry, problem: str) -> Entry:
        failed = replace(entry, state=PENDING, error=problem)
        if self.now - entry.created_utc >= GIVE_UP_AFTER:
            return self._give_up(failed)
        return self.box.put(failed)

    def _give_up(self, entry: Entry) -> Entry:
        why = entry.error or "what came before could not be told"
        return self.box.put(replace(entry, state=GIVEN_UP, error=why, ended_utc=self.now))

    def _message(self, entry: Entry) -> Message:
        parts = self.known.breaches.filter(pl.col("alert_id") == entry.alert_id)
        alert = self.alerts[entry.alert_id]
        return message(entry.name, alert, parts, self.names, entry.event, entry.severity, entry.repeated)


def _resumed(entry: Entry) -> Entry:
    """An attempt that a kill cut short is made again, and known as such."""
    return replace(entry, state=PENDING, repeated=True) if entry.state == SENDING else entry


def _waits(entry: Entry, others: list[Entry]) -> bool:
    """Whether something else of the same alert has to be told before."""

    def order(e: Entry) -> tuple[object, int]:
        return e.created_utc, EVENTS.index(e.event)

    return any(e.alert_id == entry.alert_id and order(e) < order(entry) for e in others)


def _names(platform: Platform) -> Names:
    sites, circuits = (
        newest(whole_table(platform, table), table.key[0]) for table in (DIM_SITE, DIM_CIRCUIT)
    )
    circuit = pl.coalesce("wan_name", "port_id")
    return Names(
        dict(sites.select("site_id", pl.coalesce("site_name", "site_id").alias("name")).iter_rows()),
        dict(circuits.select("circuit_id", circuit.alias("name")).iter_rows()),
    )
