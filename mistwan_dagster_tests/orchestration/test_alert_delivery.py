"""Each message once: receivers down and up again, kills at each step, restarts. Real apprise, HTTP on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock, Timeout
from pydantic import SecretStr

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH, FACT_ALERT_DELIVERY
from mistwan_dagster.catalog.tables import DIM_SITE
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.contract import violations
from mistwan_dagster.notify.message import REPEATED, Message
from mistwan_dagster.notify.sender import send
from mistwan_dagster.orchestration.alert_delivery import Outcome, deliver, outbox
from mistwan_dagster.orchestration.alert_outbox import Outbox
from mistwan_dagster.orchestration.check import _alerts
from mistwan_dagster.orchestration.platform import Platform
from mistwan_dagster.settings import Settings
from mistwan_dagster_tests.receivers import Webhook, mailbox, webhook
from mistwan_dagster_tests.s3_server import Store, store

__all__ = ["store"]

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FILE = """\
targets:
  hook: {url_env: MISTWAN_ALERT_URL_HOOK}
  mail: {url_env: MISTWAN_ALERT_URL_MAIL}
routes:
  - {to: hook}
"""
Killed = type("Killed", (BaseException,), {})


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch):
    with webhook() as receiver:
        monkeypatch.setenv("MISTWAN_ALERT_URL_HOOK", receiver.url)
        yield receiver


@pytest.fixture
def at(tmp_path: Path) -> Callable[..., Platform]:
    """The platform of a new process at some minute."""
    file = tmp_path / "alerts.yaml"
    file.write_text(FILE)

    def opened(minute: float = 0) -> Platform:
        now = NOW + minute * MINUTE
        return Platform(
            Settings(mistwan_home=tmp_path, mistwan_alerts_file=file, mistwan_now=now, _env_file=None)
        )

    return opened


def alerts(platform: Platform, *several: dict[str, Any]) -> None:
    """These are the alerts of the lake."""
    rows = [
        {"rule": "outage", "scope": "site", "site_id": "s", "severity": "high", "since_utc": NOW, "opened_utc": NOW,
         "announced_utc": NOW, "silenced": False, "circuit_count": 1, "site_count": 1, **told}
        for told in several
    ]  # fmt: skip
    platform.kpi.write(FACT_ALERT.name, pl.DataFrame(rows, schema=FACT_ALERT.schema))
    platform.kpi.write(FACT_ALERT_BREACH.name, FACT_ALERT_BREACH.empty())


CLOSED = {"closed_utc": NOW + MINUTE, "close_reason": "recovered"}


def events(hook: Webhook) -> list[tuple[str, str]]:
    return [(b["alert_id"], b["event"]) for b in hook.bodies]


def table(platform: Platform) -> list[tuple]:
    frame = platform.kpi.read(FACT_ALERT_DELIVERY.name)
    assert frame is not None
    assert violations(frame.lazy(), FACT_ALERT_DELIVERY) == {}
    return frame.select("alert_id", "event", "target", "state", "attempts").rows()


def test_each_event_is_told_once_also_after_restarts(at, hook: Webhook) -> None:
    alerts(at(), {"alert_id": "a"})
    assert deliver(at(0)) == Outcome(1, 0, 0, 0, {})
    for minute in (5, 10):
        assert deliver(at(minute)) == Outcome(0, 0, 0, 0, {})
    alerts(at(), {"alert_id": "a", "severity": "critical"}, {"alert_id": "b"})
    deliver(at(15))
    alerts(at(), {"alert_id": "a", "severity": "critical", **CLOSED}, {"alert_id": "b"})
    deliver(at(20))
    deliver(at(25))
    assert events(hook) == [("a", "opened"), ("b", "opened"), ("a", "escalated"), ("a", "closed")]
    assert table(at()) == [
        ("a", "closed", "hook", "delivered", 1),
        ("a", "escalated", "hook", "delivered", 1),
        ("a", "opened", "hook", "delivered", 1),
        ("b", "opened", "hook", "delivered", 1),
    ]
    assert outbox(at()).entries() == []


def test_a_receiver_that_was_down_is_told_when_it_is_up_in_the_order_of_things(at, hook: Webhook) -> None:
    hook.status = 503
    alerts(at(), {"alert_id": "a"}, {"alert_id": "b"})
    assert deliver(at(0)) == Outcome(0, 1, 0, 2, {"hook": "refused with HTTP status 503"})
    assert hook.calls == 1, "the first refusal ends the target's turn"
    assert table(at()) == [(a, "opened", "hook", "pending", None) for a in "ab"]
    alerts(at(), {"alert_id": "a", **CLOSED}, {"alert_id": "b"})
    deliver(at(5))
    hook.status = 200
    assert deliver(at(10)).delivered == 3
    assert sorted(events(hook)) == [("a", "closed"), ("a", "opened"), ("b", "opened")]
    assert events(hook).index(("a", "opened")) < events(hook).index(("a", "closed"))
    assert deliver(at(15)) == Outcome(0, 0, 0, 0, {})


def test_one_receiver_never_stands_in_the_way_of_another(
    at, hook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alerts.yaml").write_text(FILE.replace("{to: hook}", "{to: [hook, mail]}"))
    hook.status = 500
    alerts(at(), {"alert_id": "a"})
    with mailbox() as box:
        outcome = deliver(at(0))
        assert outcome.errors["mail"] == (
            "MISTWAN_ALERT_URL_MAIL is not set: put it in the environment or in .env"
        )
        monkeypatch.setenv("MISTWAN_ALERT_URL_MAIL", box.url)
        assert deliver(at(5)).delivered == 1
        assert deliver(at(10)).delivered == 0
        assert [m["Subject"] for m in box.mails] == ["[HIGH] outage: s"]
    hook.status = 200
    assert deliver(at(15)).delivered == 1


def test_a_message_that_is_refused_each_time_does_not_hold_up_the_others(at, hook: Webhook) -> None:
    def picky(url: SecretStr, message: Message) -> str | None:
        return "too long" if message.alert_id == "a" else send(url, message)

    alerts(at(), {"alert_id": "a"}, {"alert_id": "b"})
    deliver(at(0), picky)
    assert deliver(at(5), picky).delivered == 1
    assert events(hook) == [("b", "opened")]


def test_after_a_day_it_is_given_up_and_its_end_is_not_told(at, hook: Webhook) -> None:
    hook.status = 500
    alerts(at(), {"alert_id": "a"})
    deliver(at(0))
    alerts(at(), {"alert_id": "a", **CLOSED})
    deliver(at(5))
    assert deliver(at(24 * 60)).given_up == 2
    hook.status = 200
    assert deliver(at(24 * 60 + 5)).delivered == 0
    assert [row[3] for row in table(at())] == ["given_up", "given_up"]
    assert hook.bodies == []


@pytest.mark.usefixtures("hook")
def test_after_a_day_too_a_dead_receiver_costs_one_attempt_a_look(at) -> None:
    asked: list[str] = []

    def dead(_url: SecretStr, message: Message) -> str | None:
        asked.append(message.alert_id)
        return "not reached"

    alerts(at(), *({"alert_id": name} for name in "abc"))
    for minute in (0, 24 * 60, 24 * 60 + 5):
        before = len(asked)
        deliver(at(minute), dead)
        assert len(asked) == before + 1
    assert sorted(row[3] for row in table(at())) == ["given_up", "given_up", "pending"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_around_an_attempt_loses_nothing_and_a_repeat_says_so(at, hook: Webhook, when: str) -> None:
    def cut(url: SecretStr, message: Message) -> str | None:
        if when == "after":
            assert send(url, message) is None
        raise Killed

    alerts(at(), {"alert_id": "a"})
    with pytest.raises(Killed):
        deliver(at(0), cut)
    assert deliver(at(5)).delivered == 1
    assert deliver(at(10)).delivered == 0
    assert len(hook.bodies) == (2 if when == "after" else 1)
    assert len({h["X-Mistwan-Delivery"] for h in hook.headers}) == 1, "a receiver can tell the repeat"
    assert REPEATED in hook.bodies[-1]["message"]
    frame = at().kpi.read(FACT_ALERT_DELIVERY.name)
    assert frame is not None
    assert frame["repeated"].to_list() == [True]


STEPS = ["put", "write", "remove"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("number", range(4))
def test_a_kill_at_any_write_tells_each_event_once(
    at, hook: Webhook, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    """Killed just before the n-th write of a kind; only around the attempt itself a repeat is possible."""
    alerts(at(), {"alert_id": "a"}, {"alert_id": "b"})
    calls = 0
    platform = at(0)
    owner: Any = platform.kpi if step == "write" else Outbox
    real = getattr(owner, step)

    def cut(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number + 1:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, cut)
        with suppress(Killed):
            deliver(platform)
    deliver(at(5))
    deliver(at(10))
    times = [hook.bodies.count(b) for b in hook.bodies]
    told = events(hook)
    assert set(told) == {("a", "opened"), ("b", "opened")}
    # Two puts that note the events, then for each: sending, delivered. Before "delivered" the message is out.
    repeats = 1 if step == "put" and number == 3 else 0
    assert len(told) == 2 + repeats, times
    assert [row[3] for row in table(at())] == ["delivered", "delivered"]
    assert outbox(at()).entries() == []


def test_two_processes_never_deliver_at_once(at, hook: Webhook) -> None:
    alerts(at(), {"alert_id": "a"})

    def inside(url: SecretStr, message: Message) -> str | None:
        lock = FileLock(at().settings.state / "alerts" / "alerts.lock")
        with pytest.raises(Timeout):
            lock.acquire(timeout=0)
        return send(url, message)

    assert deliver(at(0), inside).delivered == 1
    assert len(hook.bodies) == 1


def test_a_message_whose_outbox_was_lost_is_sent_and_may_be_a_repeat(
    at, hook: Webhook, tmp_path: Path
) -> None:
    hook.status = 503
    alerts(at(), {"alert_id": "a"})
    assert deliver(at(0)).pending == 1
    shutil.rmtree(tmp_path / "state" / "alerts")
    hook.status = 200
    assert deliver(at(5)) == Outcome(1, 0, 0, 0, {})
    assert deliver(at(10)) == Outcome(0, 0, 0, 0, {})
    assert [REPEATED in b["message"] for b in hook.bodies] == [True]


def test_with_the_lake_on_an_object_store_messages_on_their_way_are_there_for_the_next_machine(
    at, hook: Webhook, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = store.new_bucket()

    def pod(minute: float) -> Platform:
        """A home of its own each time."""
        settings = at(minute).settings
        settings.mistwan_lake_url, settings.mistwan_home = lake, tmp_path / f"pod-{minute}"
        return Platform(settings)

    hook.status = 503
    alerts(pod(0), {"alert_id": "a"})
    assert deliver(pod(0)).pending == 1
    monkeypatch.setenv("MISTWAN_ALERT_URL_MAIL", "mailto://127.0.0.1:9")
    with pytest.raises(UserError, match="waiting for hook: refused with HTTP status 503"):
        _alerts(pod(1))
    hook.status = 200
    assert deliver(pod(5)) == Outcome(1, 0, 0, 0, {})
    assert deliver(pod(10)) == Outcome(0, 0, 0, 0, {})
    assert [REPEATED in b["message"] for b in hook.bodies] == [False]
    assert outbox(pod(10)).entries() == []


def test_while_redis_is_away_alerts_of_a_shared_lake_are_told(
    at, hook: Webhook, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    lake = store.new_bucket()

    def machine(minute: float) -> Platform:
        settings = at(minute).settings
        settings.mistwan_lake_url, settings.redis_url = lake, SecretStr("redis://127.0.0.1:1/0")
        return Platform(settings)

    alerts(machine(0), {"alert_id": "a"})
    assert deliver(machine(0)) == Outcome(1, 0, 0, 0, {})
    assert deliver(machine(5)) == Outcome(0, 0, 0, 0, {})
    assert events(hook) == [("a", "opened")]
    assert (
        "alerts of other machines may be told twice: lake: Redis at REDIS_URL cannot be used" in caplog.text
    )


def test_no_secret_is_written_anywhere(
    at, hook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.status = 403
    secret = "S3CRETWORD"
    monkeypatch.setenv("MISTWAN_ALERT_URL_HOOK", f"json://me:{secret}@127.0.0.1:{hook.port}/{secret}")
    alerts(at(), {"alert_id": "a"})
    assert secret not in repr(deliver(at(0)))
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_check_names_what_waits_for_a_receiver_and_what_is_not_set(
    at, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="MISTWAN_ALERT_URL_MAIL is not set"):
        _alerts(at())
    monkeypatch.setenv("MISTWAN_ALERT_URL_MAIL", hook.url)
    alerts(at(), {"alert_id": "a"})
    hook.status = 500
    deliver(at(0))
    with pytest.raises(UserError, match="waiting for hook: refused with HTTP status 500"):
        _alerts(at())
    hook.status = 200
    deliver(at(5))
    assert _alerts(at()).startswith("3 rules, 1 routes to 2 targets in ")
    assert _alerts(at()).endswith(", 1 alerts open")


def test_check_names_a_region_of_a_route_that_no_site_has_once_sites_are_known(
    at, hook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MISTWAN_ALERT_URL_MAIL", hook.url)
    (tmp_path / "alerts.yaml").write_text(FILE.replace("{to: hook}", "{to: hook, regions: [Wset]}"))
    assert _alerts(at()).startswith("3 rules, 1 routes")
    site = {"site_id": "s", "region": "West", "valid_from": NOW, "is_current": True}
    at().kpi.write(DIM_SITE.name, pl.DataFrame([site], schema=DIM_SITE.schema))
    with pytest.raises(UserError, match="route 1 names region 'Wset', which no site has"):
        _alerts(at())
