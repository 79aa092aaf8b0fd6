from datetime import date, datetime

import pytest

from mistwan_dagster.dashboard.address import Address, circuit_path, zone_of

NOON = datetime(2025, 3, 12, 12)  # a Wednesday


@pytest.mark.parametrize(
    ("name", "newest", "start"),
    [
        ("3h", NOON, datetime(2025, 3, 12, 9)),
        ("24h", NOON, datetime(2025, 3, 11, 12)),
        ("day", NOON, datetime(2025, 3, 12)),
        ("day", datetime(2025, 3, 12), datetime(2025, 3, 11)),
        ("week", NOON, datetime(2025, 3, 10)),
        ("month", datetime(2025, 3, 1), datetime(2025, 2, 1)),
        ("13m", datetime(2025, 2, 1), datetime(2024, 1, 1)),
        ("13m", NOON, datetime(2024, 2, 1)),
    ],
)
def test_a_range_begins_where_its_period_does(name: str, newest: datetime, start: datetime) -> None:
    assert Address.read({"range": name}).span(newest) == (start, newest)


def test_own_dates_are_whole_days_and_the_last_one_is_within() -> None:
    address = Address.read({"range": "own", "from": "2025-03-01", "to": "2025-03-02"})
    assert address.span(NOON) == (datetime(2025, 3, 1), datetime(2025, 3, 3))
    assert not address.is_daily(NOON)
    assert Address.read({"range": "own", "from": "2025-01-01", "to": "2025-03-02"}).is_daily(NOON)


@pytest.mark.parametrize(
    "query",
    [
        {"range": "own"},
        {"range": "own", "from": "2025-03-02", "to": "2025-03-01"},
        {"range": "own", "from": "yesterday", "to": "2025-03-01"},
        {"range": "century", "tz": "moon", "n": "many"},
        {"n": "-3"},
        {"n": "²"},
    ],
)
def test_what_cannot_be_read_falls_back_to_the_default(query: dict[str, str]) -> None:
    address = Address.read(query)
    assert (address.range, address.zone, address.rows) == ("24h", "utc", 10)


def test_a_link_keeps_every_filter_but_the_changed_one_and_reads_back_as_it_was() -> None:
    address = Address("own", date(2025, 3, 1), date(2025, 3, 2), "site", 25, "North & South")
    link = address.to("/site/1")
    assert link == "/site/1?range=own&from=2025-03-01&to=2025-03-02&tz=site&n=25&region=North+%26+South"
    assert address.to("/", region=None, range="3h") == "/?range=3h&tz=site&n=25"
    assert Address().to("/") == "/"


def test_a_circuit_id_with_slashes_is_one_step_of_a_path() -> None:
    assert circuit_path("5c5b35:ge-0/0/1") == "/circuit/5c5b35%3Age-0%2F0%2F1"


@pytest.mark.parametrize(
    ("zone", "browser", "site", "expected"),
    [
        ("utc", "Europe/Rome", "Asia/Tokyo", "UTC"),
        ("mine", "Europe/Rome", "Asia/Tokyo", "Europe/Rome"),
        ("site", "Europe/Rome", "Asia/Tokyo", "Asia/Tokyo"),
        ("site", "Europe/Rome", None, "UTC"),
        ("mine", "../../etc/passwd", None, "UTC"),
        ("mine", "Nowhere/Land", None, "UTC"),
    ],
)
def test_an_unknown_zone_is_utc(zone: str, browser: str, site: str | None, expected: str) -> None:
    assert zone_of(Address.read({"tz": zone}), browser, site).key == expected
