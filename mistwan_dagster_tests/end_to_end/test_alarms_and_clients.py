"""Alarms, WAN clients and the rest of the hourly reading, from the simulated cloud to the answer of `mistwan query`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mistwan_dagster.simulator.server import Running

from .conftest import NOW, Cli

HOUR = timedelta(hours=1)


def move(cli: Cli, cloud: Running, now: datetime) -> None:
    cloud.clock.set(now)
    cli.settings["MISTWAN_NOW"] = now.isoformat()


def told(cloud: Running, start: datetime, now: datetime) -> dict[str, tuple[str, int]]:
    book, instants = cloud.world.alarms, (start.timestamp(), now.timestamp(), now.timestamp())
    rows = [book.row(alarm, now.timestamp()) for alarm in book.between(*instants)]
    return {row["id"]: (row["status"], row["count"]) for row in rows}


def test_two_hours_of_alarms_and_clients_reach_the_answer(cli: Cli, cloud: Running) -> None:
    cli.ok("collect")
    later = NOW + HOUR
    move(cli, cloud, later)
    cli.ok("collect")
    cli.ok("aggregate", "hourly")
    assert "alarms" in cli.ok("aggregate", "alarms")

    day = later - timedelta(hours=24)
    facts = cli.rows(
        f"SELECT alarm_id, status, alarm_count FROM fact_alarm WHERE first_seen_utc >= '{day:%Y-%m-%d %H:%M:%S}'"
    )
    expected = told(cloud, day, later)
    assert {f["alarm_id"]: (f["status"], f["alarm_count"]) for f in facts} == expected != {}
    (counts,) = cli.rows(
        "SELECT (SELECT count(*) FROM fact_alarm) AS alarms, (SELECT count(DISTINCT alarm_id) FROM fact_alarm) AS ids, "
        "(SELECT sum(alarm_count)::BIGINT FROM fact_alarm_site_hour) AS counted"
    )
    assert counts["alarms"] == counts["ids"] == counts["counted"] >= len(expected)

    clients = cloud.world.clients.seen((NOW - HOUR).timestamp(), NOW.timestamp(), NOW.timestamp())
    (seen,) = cli.rows(
        "SELECT sum(client_count)::BIGINT AS n, (sum(client_count) FILTER (circuit_id IS NULL))::BIGINT AS unknown, "
        "count(DISTINCT hour_utc) AS hours FROM fact_wan_client_hour"
    )
    assert (seen["n"], seen["hours"]) == (len(clients), 1)
    assert 0 < seen["unknown"] < seen["n"]

    (usage,) = cli.rows("SELECT request_count, request_limit FROM fact_api_usage")
    assert 0 < usage["request_count"] < usage["request_limit"] == 5000
    assert cli.rows("SELECT org_id, org_name FROM dim_org") == [
        {"org_id": cloud.org_id, "org_name": "Simulated Stores"}
    ]
    kinds = cli.rows("SELECT kind FROM dim_vocabulary GROUP BY kind ORDER BY kind")
    assert [k["kind"] for k in kinds] == ["alarm", "event", "insight_metric"]
    unnamed = "SELECT count(*) AS n FROM fact_alarm WHERE alarm_type NOT IN (SELECT name FROM dim_vocabulary)"
    assert cli.rows(unnamed) == [{"n": 0}]
    open_now = {f["alarm_id"] for f in cli.rows("SELECT alarm_id FROM v_open_alarm")}
    assert open_now >= {id_ for id_, (status, _) in expected.items() if status == "open"}

    assert cli.ok("aggregate", "hourly").startswith("nothing to compute")
    assert cloud.calls["/api/v1/const/alarm_defs"] == 1, "vocabularies are read daily"
    assert cloud.calls["/api/v1/orgs/{org_id}/wan_clients/search"] == 2, "clients are read hourly"


def test_a_backfill_brings_alarms_from_before_the_look_back(cli: Cli, cloud: Running) -> None:
    span = ((NOW - timedelta(days=13)).timestamp(), (NOW - timedelta(days=8)).timestamp())
    raised = cloud.world.alarms.between(*span, NOW.timestamp())[0].raised_s
    start = datetime.fromtimestamp(raised // 3600 * 3600, UTC)
    cli.ok("backfill", "--start", start.isoformat(), "--end", (start + HOUR).isoformat())
    facts = cli.rows(
        f"SELECT alarm_id FROM fact_alarm WHERE first_seen_utc < '{start + HOUR:%Y-%m-%d %H:%M:%S}'"
    )
    book = cloud.world.alarms.between(start.timestamp(), (start + HOUR).timestamp(), NOW.timestamp())
    assert (
        {f["alarm_id"] for f in facts}
        == {cloud.world.alarms.row(a, NOW.timestamp())["id"] for a in book}
        != set()
    )
