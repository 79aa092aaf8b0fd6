"""What a person reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from mistwan_dagster.catalog.alert_tables import FACT_ALERT, FACT_ALERT_BREACH
from mistwan_dagster.notify.message import REPEATED, Names, message

AT = datetime(2025, 1, 1, 10, 20, tzinfo=UTC)
NAMES = Names({"s1": "Store 1"}, {"c1": "Fibre"})


def alert(**more: Any) -> dict[str, Any]:
    told = {"alert_id": "abc", "rule": "outage", "scope": "site", "site_id": "s1", "region": "West", "circuit_count": 1,
            "site_count": 1, "severity": "critical", "since_utc": AT.replace(minute=5), "opened_utc": AT}  # fmt: skip
    told |= more
    return {**dict.fromkeys(FACT_ALERT.schema), **told}


def parts(count: int = 1, **more: Any) -> pl.DataFrame:
    rows = [
        {"alert_id": "abc", "signal": "down", "subject": f"c{i}", "site_id": f"s{i}", "provider": "Acme",
         "joined_utc": AT, "severity": "critical", "since_utc": AT, "value": 15.0, **more}
        for i in range(1, count + 1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=FACT_ALERT_BREACH.schema)


def test_an_alert_of_a_site() -> None:
    told = message("k", alert(), parts(), NAMES, "opened", "critical", False)
    assert told.title == "[CRITICAL] outage: Store 1 (West)"
    assert told.body.splitlines() == [
        "Opened: outage at Store 1 (West), severity critical.",
        "In breach since 2025-01-01 10:05 UTC, alert opened 2025-01-01 10:20 UTC.",
        "- Store 1, Fibre, Acme: down 15 min, critical",
        "Alert abc",
    ]


def test_an_alert_of_a_provider_names_ten_circuits_and_counts_the_others() -> None:
    whole = alert(
        scope="provider", site_id=None, provider="Acme", area="West", circuit_count=40, site_count=38
    )
    told = message("k", whole, parts(40), NAMES, "opened", "high", False)
    assert told.title == "[HIGH] outage: Acme, West (40 circuits at 38 sites)"
    assert [line for line in told.body.splitlines() if line.startswith("- ")][10:] == ["- and 30 more"]


def test_closed_says_why_and_names_what_was_part_of_it() -> None:
    over = alert(closed_utc=AT.replace(minute=50), close_reason="merged", merged_into="def")
    told = message("k", over, parts(left_utc=AT), NAMES, "closed", "high", False)
    assert told.title.startswith("[CLOSED]")
    assert "Closed 2025-01-01 10:50 UTC: goes on in the alert def of its provider." in told.body
    assert "- Store 1, Fibre" in told.body


def test_what_may_be_a_repeat_says_so() -> None:
    assert message("k", alert(), parts(), NAMES, "opened", "high", True).body.endswith(REPEATED)


def test_an_alert_of_the_platform_tells_its_text() -> None:
    own = alert(scope="platform", rule="disk_low", subject="disk", region=None, text="5 % are free")
    told = message("k", own, parts(0), NAMES, "opened", "critical", False)
    assert told.title == "[CRITICAL] disk_low: platform, disk"
    assert "5 % are free" in told.body
