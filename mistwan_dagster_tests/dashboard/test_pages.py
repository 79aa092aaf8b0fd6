import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dash
import flask
import pytest

from mistwan_dagster.dashboard.banner import banner
from mistwan_dagster.dashboard.context import dashboard
from mistwan_dagster.dashboard.pages.reports import EXPECTED
from mistwan_dagster_tests.dashboard.conftest import BACKUP, CIRCUIT, organization, serving
from mistwan_dagster_tests.dashboard.made import Counting, publish

MOST_QUERIES = 6


def render(server: flask.Flask, name: str, cookie: str = "", **told: str) -> str:
    """The page's layout for such a URL, as JSON text."""
    page = dash.page_registry[f"mistwan_dagster.dashboard.pages.{name}"]
    with server.test_request_context("/", headers={"Cookie": cookie}):
        return json.dumps(page["layout"](**told).to_plotly_json(), cls=_Encoder, ensure_ascii=False)


def components(server: flask.Flask, name: str, **told: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and properties of each component of the page, in order."""

    def walk(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(part, list):
            for one in part:
                yield from walk(one)
        elif isinstance(part, dict):
            yield part["type"], part["props"]
            yield from walk(part["props"].get("children"))

    return walk(json.loads(render(server, name, **told)))


def figures_of(server: flask.Flask, name: str, **told: str) -> list[dict[str, Any]]:
    """Data and layout of each graph of the page."""
    return [props["figure"] for kind, props in components(server, name, **told) if kind == "Graph"]


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return o.to_plotly_json() if hasattr(o, "to_plotly_json") else str(o)


PAGES: list[tuple[str, dict[str, str]]] = [
    ("engineering", {}),
    ("engineering", {"region": "North", "n": "5"}),
    ("overview", {}),
    ("map", {}),
    ("map", {"region": "North"}),
    ("providers", {}),
    ("providers", {"by": "Acme", "n": "5"}),
    ("region", {"path_region": "South%20East"}),
    ("site", {"path_site": "1"}),
    ("site", {"path_site": "1", "range": "13m"}),
    ("service", {"path_site": "1"}),
    ("service", {"path_site": "2", "range": "13m"}),
    ("overview", {"by": "flaps", "range": "13m", "n": "5"}),
    ("circuit", {"path_circuit": CIRCUIT.replace("/", "%2F")}),
    ("circuit", {"path_circuit": CIRCUIT, "range": "13m"}),
    ("reports", {}),
    ("reports.table", {"path_table": "fact_circuit_hour"}),
]


@pytest.mark.parametrize(
    ("name", "told"), PAGES, ids=lambda v: v if isinstance(v, str) else "-".join(v.values())
)
def test_a_page_asks_at_most_six_queries_with_a_cold_cache(
    reader: Counting, server: flask.Flask, name: str, told: dict[str, str]
) -> None:
    text = render(server, name, **told)
    assert '"nothing broken"' not in text
    assert 1 <= len(reader.statements) <= MOST_QUERIES
    asked = len(reader.statements)
    with server.test_request_context("/"):
        banner(dashboard())
    assert len(reader.statements) == max(asked, 1)
    render(server, name, **told)
    assert len(reader.statements) == max(asked, 1)


@pytest.mark.parametrize(("name", "told"), PAGES[:-2])
def test_a_page_without_any_hour_says_no_data_yet(tmp_path: Path, name: str, told: dict[str, str]) -> None:
    text = render(serving(publish(tmp_path, {})), name, **told)
    assert "No hour is computed yet" in text
    assert "nothing good" not in text


def test_an_alert_in_maintenance_says_so(tmp_path: Path) -> None:
    tables = organization()
    assert "in maintenance" not in render(serving(publish(tmp_path / "live", tables)), "engineering")
    tables["fact_alert"][0]["silenced"] = True
    assert "in maintenance" in render(serving(publish(tmp_path / "silenced", tables)), "engineering")


def test_no_offender_no_data_and_a_narrow_filter_look_different(tmp_path: Path) -> None:
    server = serving(publish(tmp_path, organization()))
    assert '"nothing good"' in render(server, "engineering", region="South East")
    assert "nothing narrow" in render(server, "engineering", region="Atlantis")
    blind = organization()
    for row in blind["fact_circuit_hour"]:
        row |= {
            "utilization_pct": None,
            "utilization_severity": None,
            "up_minutes": 0.0,
            "unknown_minutes": 60.0,
        }
    text = render(serving(publish(tmp_path / "blind", blind)), "engineering")
    assert "Cannot be said: no circuit was observed" in text
    assert "Cannot be said: no circuit is known to be up" in text


@pytest.mark.parametrize(
    ("name", "told"),
    [("site", {"path_site": "nobody"}), ("circuit", {"path_circuit": "x"}), ("region", {"path_region": "x"})],
)
def test_an_unknown_place_is_said_to_be_unknown(server: flask.Flask, name: str, told: dict[str, str]) -> None:
    assert "nothing narrow" in render(server, name, **told)


def test_tables_that_are_not_collected_are_listed_and_said_so(server: flask.Flask) -> None:
    listed, missing = render(server, "reports"), [n for n in EXPECTED if n not in organization()]
    for name in missing:
        assert name in listed
    assert "there is no such table" in render(server, "reports.table", path_table="payroll")


def test_times_are_shown_in_the_zone_asked_for(server: flask.Flask) -> None:
    assert "10 Mar 12:00 UTC" in render(server, "engineering")
    assert "10 Mar 13:00 Europe/Rome" in render(server, "engineering", "mistwan-zone=Europe/Rome", tz="mine")
    assert "10 Mar 08:00 America/New_York" in render(server, "site", path_site="1", tz="site")
    assert "10 Mar 12:00 UTC" in render(server, "engineering", "mistwan-zone=../../x", tz="mine")


def test_hours_that_were_not_observed_break_the_line_and_are_unknown_in_the_strip(
    server: flask.Flask,
) -> None:
    figures = figures_of(server, "circuit", path_circuit=CIRCUIT)
    hourly = next(t for t in figures[0]["data"] if t["name"] == "hourly")
    assert [v is None for v in hourly["y"]] == [17 <= i < 20 for i in range(24)]
    assert hourly["connectgaps"] is False
    shares = {t["name"]: t["y"] for t in figures[1]["data"]}
    assert shares == {"up": [100.0, 0.0, 100.0], "down": [0.0, 0.0, 0.0], "unknown": [0.0, 100.0, 0.0]}
    hours = [width / 3_600_000 for width in figures[1]["data"][0]["width"]]
    assert hours == [17, 3, 4]


def test_time_above_the_thresholds_is_told_in_both_modes(server: flask.Flask) -> None:
    text = render(server, "circuit", path_circuit=CIRCUIT)
    assert "21 h" in text
    assert "longest in one stretch 17 h" in text
    assert "of 87 % observed" in text


def test_a_site_shows_its_circuits_and_its_history(server: flask.Flask) -> None:
    text = render(server, "site", path_site="1")
    for words in (
        "primary",
        "secondary",
        "steered",
        BACKUP.partition(":")[2],
        "Failover history",
        "1 degraded",
    ):
        assert words in text


def test_the_engineering_page_has_every_figure_of_the_earlier_dashboard(server: flask.Flask) -> None:
    labels = {}
    for _, props in components(server, "engineering"):
        if props.get("className", "").startswith("tile "):
            label, value, _ = (part["props"]["children"] for part in props["children"])
            labels[label] = value
    assert labels == {
        "Sites": "2", "Healthy": "1", "Warning": "0", "High": "0", "Critical": "1", "Failovers": "1", "Alerts": "1",
        "Gateways on": "2", "Gateways off": "0", "Circuits up": "3", "Circuits down": "0", "Disabled": "0",
        "Unknown": "0", "Above 80 %": "1", "Average": "40.0 %", "Maximum": "95.0 %", "Bandwidth": "0.1 Gbit/s",
        "VPN peers": "2", "VPN up": "1", "VPN down": "1", "VPN health": "50.0 %", "SLE gateway": "–",
        "SLE WAN": "75.0 %", "SLE application": "–", "SLE degraded": "1", "Alarms": "3", "Critical alarms": "1",
    }  # fmt: skip


def test_worse_chronic_alarms_and_degraded_sites_are_on_the_engineering_page(server: flask.Flask) -> None:
    text = render(server, "engineering")
    for words in (
        "+35.0 pts",
        "usual 60.0 %",
        "worse",
        "5 of 7 observed",
        "gateway down",
        "wan-link-health",
        "50.0 %",
    ):
        assert words in text, words


def test_a_ranking_without_anything_bad_says_no_offenders_and_one_without_rows_that_it_cannot_say(
    server: flask.Flask,
) -> None:
    assert "No offenders: none of 3 circuits has any flaps" in render(server, "overview", by="flaps")
    assert "Cannot be said" in render(server, "overview", by="flaps", range="3h")
    text = render(server, "overview", by="availability")
    assert "No offenders" in text
    assert "1 left out as unknown" in text
    assert "17 h" in render(server, "overview", by="nonsense", range="13m")


def test_availability_stands_beside_its_target_last_week_and_13_months(server: flask.Flask) -> None:
    text = render(server, "overview")
    for words in (
        "target 99.5 %",
        "below target",
        "week before 97.222 %, 13 months 99.900 %",
        "60.0 %",
        "of 50 % known",
    ):
        assert words in text, words


def test_the_page_of_providers_tells_their_month_their_incidents_and_the_opening_hours(
    server: flask.Flask,
) -> None:
    text = render(server, "providers")
    for words in (
        "In opening hours", "91.500 %", "around Turin", "of 12, 2 not observed", "1 h 30 min", "30 min maintenance",
        "single store", "all hours 99.000 %", "97.000 %", "below target", "mistwan sla --provider P --month 2025-03",
        "sites with both: 1, primary down longer at 1", "backup 99.900 %",
    ):  # fmt: skip
        assert words in text, words


def test_one_provider_can_be_chosen_and_one_without_faults_says_so(server: flask.Flask) -> None:
    text = render(server, "providers", by="Fibra")
    assert "No carrier incident in 2025-03: what failed, failed in single stores." in text
    assert "No outage outside maintenance in 2025-03." in text
    assert "around Turin" not in text
    assert "around Turin" in render(server, "providers", by="nobody")


def test_the_service_page_shows_scores_classifiers_histogram_impact_and_paths(server: flask.Flask) -> None:
    score, histogram, classifiers = figures_of(server, "service", path_site="1")
    assert score["data"][0]["y"] == [100.0] * 21 + [50.0] * 3
    assert [t["name"] for t in classifiers["data"]] == ["network-loss"]
    assert classifiers["data"][0]["y"][-4:] == [0.0, 60.0, 60.0, 60.0]
    assert (histogram["data"][0]["x"], histogram["data"][0]["y"]) == (
        ["< 50", "50–100", "≥ 100"], [2700.0, 120.0, 60.0],
    )  # fmt: skip
    text = render(server, "service", path_site="1")
    for words in ("gw-1", "180.0 of 2,880", "ge-0/0/0", "hub-b", "4.30", "threshold 100 ms", "fresh"):
        assert words in text, words
    other = render(server, "service", path_site="2")
    for words in ("stale", "No SLE score was read in this range", "No histogram was read", "No path sample"):
        assert words in other, words


def test_a_forecast_tells_the_days_or_why_not(server: flask.Flask) -> None:
    text = render(server, "circuit", path_circuit=CIRCUIT)
    for words in (
        "in 42 days",
        "there now",
        "+35.0 pts against 60.0 %",
        "+1.50 pts a week (95 %: +1.00 to +2.00)",
    ):
        assert words in text, words
    assert "not foretold: no trend was computed" in render(server, "circuit", path_circuit=BACKUP)


@pytest.mark.parametrize(
    ("minutes", "tone"),
    [(20, "banner good"), (89, "banner good"), (90, "banner warning"), (150, "banner critical")],
)
def test_the_banner_turns_amber_and_red_with_age(reader: Counting, minutes: int, tone: str) -> None:
    server = serving(reader, minutes)
    with server.test_request_context("/"):
        shown = banner(dashboard())
    text = json.dumps(shown.to_plotly_json(), cls=_Encoder)
    assert shown.to_plotly_json()["props"]["className"] == tone
    assert "10 Mar 12:00 UTC" in text
    assert "1,200 of 4,500, 3,300 left" in text
