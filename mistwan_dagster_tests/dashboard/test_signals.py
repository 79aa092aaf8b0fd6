from pathlib import Path

from mistwan_dagster.dashboard.data import signals
from mistwan_dagster_tests.dashboard.made import HOUR, LAST, fleet, published, site


def test_open_alarms_are_counted_by_severity_and_type_critical_first(tmp_path: Path) -> None:
    found = signals.alarms(signals.signals(fleet(tmp_path)))
    assert found.select("level", "what", "n", "acked", "sites", "since_utc").rows() == [
        ("critical", "gateway_down", 1, 1, 1, LAST),
        ("warn", "vpn_path_down", 2, 0, 2, LAST - 2 * HOUR),
        ("unknown", "unknown", 1, 0, 0, LAST - 4 * HOUR),
    ]


def test_degraded_sites_have_their_score_and_the_state_of_the_deep_dive(tmp_path: Path) -> None:
    found = signals.degraded(signals.signals(fleet(tmp_path)))
    assert found.select("site_name", "what", "n", "level").rows() == [
        ("Store 1", "wan-link-health", 0.5, "fresh")
    ]


def test_open_alerts_are_listed_the_worst_and_newest_first_by_what_they_are_about(tmp_path: Path) -> None:
    found = signals.alerts(signals.signals(fleet(tmp_path)))
    assert found.select("level", "what", "site_name", "site_id", "region", "n").rows() == [
        ("critical", "disk_low", "disk", None, None, 2),
        ("critical", "outage", "Acme · South", None, "North; South", 1),
        ("high", "outage", "Store 1", "1", "North", 0),
        ("warning", "quality", "9", "9", "Southwest", 3),
    ]
    assert found["silenced"].to_list() == [False, False, False, True]


def test_that_alerts_were_looked_for_is_told_apart_from_that_none_is_open(tmp_path: Path) -> None:
    assert signals.looked(signals.signals(fleet(tmp_path)))
    quiet = signals.signals(published(tmp_path / "quiet", {"fact_alert": []}))
    assert (signals.looked(quiet), signals.alerts(quiet).height) == (True, 0)
    assert not signals.looked(signals.signals(published(tmp_path / "never", {"dim_site": [site("1")]})))


def test_an_alert_of_several_regions_is_in_each_of_them_and_in_none_that_is_only_like_one(
    tmp_path: Path,
) -> None:
    found = signals.alerts(signals.signals(fleet(tmp_path), "South"))
    assert found["site_name"].to_list() == ["Acme · South"]


def test_of_a_region_only(tmp_path: Path) -> None:
    found = signals.signals(fleet(tmp_path), "South")
    assert signals.alarms(found).select("what", "n").rows() == [("vpn_path_down", 1)]
    assert signals.degraded(found).is_empty()
