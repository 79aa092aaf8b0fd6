"""Minutes, flaps and stretches of circuits: hand-worked hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoints import DEVICE_EVENTS, DEVICE_STATS, PATH_STATS, PORT_STATS
from mistwan_dagster.kpi.identity import interface_map
from mistwan_dagster.kpi.samples import path_samples, port_samples
from mistwan_dagster.kpi.status import StatusResult, Told, status_hours

DAY = datetime(2025, 1, 1, tzinfo=UTC)
CIRCUIT = "aa:ge-0/0/1"
CIRCUITS = pl.DataFrame(
    {
        "circuit_id": [CIRCUIT, "bb:ge-0/0/1"],
        "device_mac": ["aa", "bb"],
        "node": [None] * 2,
        "port_id": ["ge-0/0/1"] * 2,
    },
    schema={"circuit_id": pl.String, "device_mac": pl.String, "node": pl.String, "port_id": pl.String},
)


def at(clock: str) -> datetime:
    hours, minutes, seconds = ([int(p) for p in clock.split(":")] + [0])[:3]
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def epoch(clock: str | None) -> float | None:
    return None if clock is None else at(clock).timestamp()


def slots(first: str, last: str, minutes: int = 5) -> list[str]:
    count = int((at(last) - at(first)).total_seconds() / 60 / minutes) + 1
    return [f"{at(first) + timedelta(minutes=minutes * i):%H:%M}" for i in range(count)]


def port(clock: str, up: bool | None = True, flapped: str | None = None, **more: Any) -> dict[str, Any]:
    return {"mac": "aa", "port_id": "ge-0/0/1", "port_usage": "wan", "up": up, "timestamp": epoch(clock),
            "last_flapped": epoch(flapped), "slot_utc": at(clock), **more}  # fmt: skip


def path(clock: str, up: bool, peer: str = "p1", **more: Any) -> dict[str, Any]:
    return {"mac": "aa", "port_id": "ge-0/0/1", "peer_mac": peer, "up": up, "last_seen": epoch(clock),
            "slot_utc": at(clock), **more}  # fmt: skip


def device(clock: str, connected: bool = True, seen: str | None = None) -> dict[str, Any]:
    status = "connected" if connected else "disconnected"
    return {"mac": "aa", "status": status, "last_seen": epoch(seen or clock), "slot_utc": at(clock)}


def event(clock: str, kind: str, **more: Any) -> dict[str, Any]:
    located = {} if "CONNECTED" in kind or "text" in more else {"port_id": "ge-0/0/1"}
    return {"mac": "aa", "type": kind, "timestamp": epoch(clock), **located, **more}


def evidence(
    ports: list[dict], events: list[dict], paths: list[dict], devices: list[dict], span: tuple[str, str]
) -> tuple[Told, datetime, datetime]:
    """What the functions of `status` take."""

    def frame(rows: list[dict], endpoint: Any) -> pl.DataFrame:
        return pl.DataFrame(rows, schema={**endpoint.schema, "slot_utc": INSTANT})

    stats = frame(devices, DEVICE_STATS)
    interfaces = interface_map(stats)
    told = Told(
        port_samples(frame(ports, PORT_STATS), stats, interfaces),
        path_samples(frame(paths, PATH_STATS), stats, interfaces, CIRCUITS),
        stats,
        frame(events, DEVICE_EVENTS).drop("slot_utc"),
        CIRCUITS,
        interfaces,
    )
    return told, at(span[0]), at(span[1])


def run(
    ports: list[dict] = [],  # noqa: B006
    events: list[dict] = [],  # noqa: B006
    paths: list[dict] = [],  # noqa: B006
    devices: list[dict] = [],  # noqa: B006
    span: tuple[str, str] = ("10:00", "11:00"),
    **options: Any,
) -> StatusResult:
    return status_hours(*evidence(ports, events, paths, devices, span), **options)


def hour(result: StatusResult, circuit: str = CIRCUIT) -> dict[str, Any]:
    (row,) = result.hours.filter(pl.col("circuit_id") == circuit).collect().to_dicts()
    return row


def minutes(row: dict[str, Any]) -> tuple[float, float, float]:
    return row["up_minutes"], row["down_minutes"], row["unknown_minutes"]


def pieces(result: StatusResult) -> list[tuple]:
    rows = result.pieces.collect()
    assert rows.columns == ["circuit_id", "kind", "start", "end", "evidence"]
    known = rows.filter(pl.col("kind") != "unknown")
    return [(k, f"{s:%H:%M:%S}", f"{e:%H:%M:%S}", how) for _, k, s, e, how in known.iter_rows()]


def silences(result: StatusResult) -> list[tuple[str, str]]:
    rows = result.pieces.filter(pl.col("kind") == "unknown", pl.col("circuit_id") == CIRCUIT).collect()
    return [(f"{r['start']:%H:%M:%S}", f"{r['end']:%H:%M:%S}") for r in rows.iter_rows(named=True)]


def test_an_hour_of_up_samples_is_sixty_minutes_up_and_no_flap():
    row = hour(run([port(c) for c in slots("09:55", "11:05")]))
    assert minutes(row) == (60, 0, 0)
    assert (row["status_hourly"], row["flap_count"], row["disabled_minutes"]) == ("Up", 0, 0)
    assert row["reachable_minutes"] is None


def test_down_at_half_past_ten_is_thirty_minutes_up_and_thirty_down():
    ports = [port(c, c <= "10:30", None if c <= "10:30" else "10:30") for c in slots("09:55", "11:05")]
    result = run(ports, [event("10:30", "GW_PORT_DOWN")])
    row = hour(result)
    assert minutes(row) == (30, 30, 0)
    assert (row["status_hourly"], row["flap_count"]) == ("Up", 1)
    assert pieces(result) == [("link", "10:30:00", "11:00:00", "event")]


def test_the_same_without_the_event_is_told_by_last_flapped_or_inferred():
    ports = [port(c, c < "10:30", None if c < "10:30" else "10:28") for c in slots("09:55", "11:05")]
    result = run(ports)
    assert minutes(hour(result)) == (28, 32, 0)
    assert pieces(result) == [("link", "10:28:00", "11:00:00", "snapshot")]
    result = run([port(c, c < "10:30") for c in slots("09:55", "11:05")])
    assert minutes(hour(result)) == (27.5, 32.5, 0)
    assert pieces(result) == [("link", "10:27:30", "11:00:00", "inferred")]
    assert hour(result)["flap_count"] == 1


def test_a_circuit_without_any_evidence_is_unknown_with_null_flaps():
    row = hour(run(), "bb:ge-0/0/1")
    assert minutes(row) == (0, 0, 60)
    assert (row["status_hourly"], row["flap_count"], row["active_state"]) == ("Unknown", None, None)


def test_every_circuit_has_a_row_in_every_hour_and_minutes_add_up_to_sixty():
    result = run([port(c) for c in slots("09:55", "11:20", 7)], span=("09:00", "13:00")).hours.collect()
    assert result.height == 2 * 4
    sums = result.select(pl.sum_horizontal("up_minutes", "down_minutes", "unknown_minutes")).to_series()
    assert sums.to_list() == [60.0] * 8
    mine = result.filter(pl.col("circuit_id") == CIRCUIT)
    assert mine["up_minutes"].to_list() == [5, 60, 19, 0]


def test_down_all_hour_is_down():
    row = hour(run([port(c, False) for c in slots("09:55", "11:05")]))
    assert minutes(row) == (0, 60, 0)
    assert row["status_hourly"] == "Down"


def test_a_gap_between_samples_is_not_bridged():
    ports = [port(c) for c in [*slots("09:55", "10:10"), *slots("10:40", "11:05")]]
    assert minutes(hour(run(ports))) == (30, 0, 30)


def test_a_frozen_row_is_no_evidence_that_the_link_is_still_up():
    # The collector keeps reading, but the source time stays at 10:10.
    frozen = [{**port("10:10"), "slot_utc": at(c)} for c in slots("10:15", "11:05")]
    assert minutes(hour(run([*(port(c) for c in slots("09:55", "10:10")), *frozen]))) == (10, 0, 50)


def test_nothing_is_known_while_the_gateway_is_disconnected():
    # Last contact 10:10, back at 10:40 by its event; the port was up before and after.
    ports = [port(c) for c in [*slots("09:55", "10:10"), *slots("10:40", "11:05")]]
    devices = [device(c) for c in slots("09:55", "10:10")]
    devices += [device(c, False, "10:10") for c in slots("10:15", "10:35")]
    devices += [device(c) for c in slots("10:40", "11:05")]
    events = [event("10:12", "GW_DISCONNECTED"), event("10:38", "GW_CONNECTED")]
    for evidence in ([], events):
        assert minutes(hour(run(ports, evidence, devices=devices))) == (30, 0, 30)
    # Rows that make the link known throughout do not make it known while there was no contact.
    assert minutes(hour(run([port(c, flapped="08:00") for c in slots("09:55", "11:05")], events[:2]))) == (
        34,
        0,
        26,
    )


def test_a_disconnected_gateway_last_seen_at_the_sample_before_is_unknown_from_there():
    ports = [port(c) for c in slots("09:55", "10:10")] + [
        port(c, flapped="08:00") for c in slots("10:25", "11:05")
    ]
    devices = [device(c) for c in slots("09:55", "10:10")]
    devices += [device(c, False, "10:10") for c in slots("10:15", "10:20")]
    devices += [device(c) for c in slots("10:25", "11:05")]
    # Away from the last contact at 10:10 to the first one at 10:25.
    assert minutes(hour(run(ports, devices=devices))) == (45, 0, 15)


def test_a_disabled_port_is_unknown_not_down_and_its_switching_no_flap():
    down, up = {"up": False, "disabled": True}, {"up": True, "disabled": False}
    ports = [port(c, **up) for c in slots("09:55", "10:15")]
    ports += [port(c, flapped="10:18", **down) for c in slots("10:20", "10:40")]
    ports += [port(c, flapped="10:43", **up) for c in slots("10:45", "11:05")]
    result = run(ports)
    row = hour(result)
    assert minutes(row) == (35, 0, 25)
    assert (row["disabled_minutes"], row["flap_count"]) == (25, 0)
    assert pieces(result) == []
    text = "ifName ge-0/0/1, ifAdminStatus down(2)"
    admin = [event("10:18", "GW_PORT_DOWN", text=text), event("10:43", "GW_PORT_UP")]
    assert minutes(hour(run(ports, admin))) == (35, 0, 25)
    assert hour(run(ports, admin))["flap_count"] == 0


def test_admin_down_events_suffice_without_disabled_samples():
    text = "ifName ge-0/0/1, ifAdminStatus 2"
    ports = [port(c, not "10:20" <= c <= "10:40") for c in slots("09:55", "11:05")]
    row = hour(run(ports, [event("10:18", "GW_PORT_DOWN", text=text), event("10:43", "GW_PORT_UP")]))
    assert minutes(row) == (35, 0, 25)
    assert (row["disabled_minutes"], row["flap_count"]) == (25, 0)


def test_a_port_disabled_throughout_says_so():
    row = hour(run([port(c, False, disabled=True) for c in slots("09:55", "11:05")]))
    assert (row["disabled_minutes"], row["unknown_minutes"], row["flap_count"]) == (60, 60, None)


def test_flaps_count_folded_events_and_only_those_of_the_hour():
    ports = [port(c) for c in slots("09:55", "11:05")]
    events = [
        event("09:59", "GW_PORT_DOWN"), event("10:00", "GW_PORT_UP"),
        event("10:31", "GW_PORT_DOWN", count=3), event("10:32", "GW_PORT_UP", count=3),
        event("11:00", "GW_PORT_DOWN"), event("11:01", "GW_PORT_UP"),
    ]  # fmt: skip
    row = hour(run(ports, events))
    assert row["flap_count"] == 7
    assert minutes(row) == (59, 1, 0)


def test_late_duplicated_and_unlocated_events_tell_the_same():
    ports = [port(c) for c in slots("09:55", "11:05")]
    told = [event("10:31", "GW_PORT_DOWN"), event("10:33", "GW_PORT_UP")]
    other = [
        event("10:33", "GW_PORT_UP", text="ifName ge-0/0/1"),
        event("10:31", "GW_PORT_DOWN", text="interface ge-0/0/1 down"),
        *told,
        *told,
    ]
    assert hour(run(ports, told)) == hour(run(ports, other))
    assert minutes(hour(run(ports, other))) == (58, 2, 0)


def test_reachable_needs_the_link_and_a_path_or_the_first_hop():
    ports = [port(c) for c in slots("09:55", "11:05")]
    paths = [path(c, not "10:20" <= c <= "10:30", p) for c in slots("09:55", "11:05") for p in ("p1", "p2")]
    result = run(ports, paths=paths)
    # Unreachable from the middle of 10:15 and 10:20 to the middle of 10:30 and 10:35.
    assert hour(result)["reachable_minutes"] == 45
    assert pieces(result) == [("reachability", "10:17:30", "10:32:30", "inferred")]
    arp = [event("10:16", "GW_ARP_UNRESOLVED"), event("10:33", "GW_ARP_RESOLVED")]
    result = run(ports, arp, paths)
    assert hour(result)["reachable_minutes"] == 43
    assert pieces(result) == [("reachability", "10:16:00", "10:33:00", "event")]


def test_one_path_up_is_reachable_and_one_left_out_is_not_down():
    ports = [port(c) for c in slots("09:55", "11:05")]
    one = [path(c, p == "p1", p) for c in slots("09:55", "11:05") for p in ("p1", "p2")]
    assert hour(run(ports, paths=one))["reachable_minutes"] == 60
    left_out = [r for r in one if not (r["peer_mac"] == "p1" and r["slot_utc"] == at("10:30"))]
    assert hour(run(ports, paths=left_out))["reachable_minutes"] == 60


def test_a_link_that_is_down_is_not_reachable_and_its_stretch_is_told_once():
    ports = [port(c, c < "10:30") for c in slots("09:55", "11:05")]
    paths = [path(c, c < "10:30") for c in slots("09:55", "11:05")]
    result = run(ports, [event("10:29", "GW_PORT_DOWN"), event("10:29:30", "GW_ARP_UNRESOLVED")], paths)
    assert hour(result)["reachable_minutes"] == 29
    assert pieces(result) == [("link", "10:29:00", "11:00:00", "event")]


def test_a_circuit_without_paths_is_reachable_as_its_event_log_says():
    ports = [port(c) for c in slots("09:55", "12:05")]
    arp = [event("10:16", "GW_ARP_UNRESOLVED"), event("11:10", "GW_ARP_RESOLVED")]
    result = run(ports, arp, span=("09:00", "12:00"))
    mine = result.hours.filter(pl.col("circuit_id") == CIRCUIT).collect()
    assert mine["reachable_minutes"].to_list() == [None, 16, 50]
    assert pieces(result) == [("reachability", "10:16:00", "11:10:00", "event")]


def test_a_complete_event_log_suffices_for_a_backfilled_span():
    events = [event("10:20", "GW_PORT_DOWN"), event("10:50", "GW_PORT_UP"), event("11:10", "GW_DISCONNECTED"),
              event("11:40", "GW_CONNECTED")]  # fmt: skip
    span = ("09:00", "13:00")
    assert hour(run([], events, span=("11:00", "12:00")))["unknown_minutes"] == 60
    result = run([], events, span=span, log_complete=(at("09:00"), at("13:00")))
    mine = result.hours.filter(pl.col("circuit_id") == CIRCUIT).collect()
    assert mine["up_minutes"].to_list() == [60, 30, 30, 60]
    assert mine["down_minutes"].to_list() == [0, 30, 0, 0]
    assert mine["flap_count"].to_list() == [0, 2, 0, 0]
    silent = result.hours.filter(pl.col("circuit_id") != CIRCUIT).collect()
    assert silent["unknown_minutes"].to_list() == [60] * 4


def test_active_state_is_the_ports_last_word_else_that_of_its_paths():
    ports = [port(c, active=c < "10:40") for c in slots("10:00", "10:55")]
    assert hour(run(ports))["active_state"] is False
    mute = [port(c) for c in slots("10:00", "10:55")]
    paths = [path("10:05", True, "p1", is_active=False), path("10:10", True, "p2", is_active=True)]
    assert hour(run(mute, paths=paths))["active_state"] is True
    assert hour(run(mute, paths=paths[:1]))["active_state"] is False
    assert hour(run(mute))["active_state"] is None


def test_unknown_state_of_a_port_is_no_evidence():
    assert minutes(hour(run([port(c, None) for c in slots("09:55", "11:05")]))) == (0, 0, 60)


def test_an_hour_is_the_same_alone_or_in_a_longer_span():
    ports = [port(c, not "10:20" <= c <= "10:40") for c in slots("08:55", "12:05")]
    events = [event("10:19", "GW_PORT_DOWN"), event("10:41", "GW_PORT_UP")]
    alone = hour(run(ports, events))
    long = run(ports, events, span=("09:00", "12:00")).hours.collect()
    assert long.filter(
        (pl.col("circuit_id") == CIRCUIT) & (pl.col("hour_utc") == at("10:00"))
    ).to_dicts() == [alone]


# A line that truly goes up and down, polled every five minutes, with all its events. The clocks of samples
# and events differ by up to 25 seconds. The minutes must be the line's own.


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(100, 3 * 3600 - 100), max_size=8, unique=True).map(sorted),
    st.integers(0, 299),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.booleans(),
    st.one_of(st.just([0] * 40), st.lists(st.integers(-25, 25), min_size=40, max_size=40)),
)
def test_minutes_and_flaps_equal_the_truth(turns, phase, text_only, flapped_told, skews):
    begin = at("09:00")
    kinds = ("GW_PORT_DOWN", "GW_PORT_UP")
    events = [
        {"mac": "aa", "type": kinds[i % 2], "timestamp": begin.timestamp() + s,
         **({"text": "ifName ge-0/0/1.0, down"} if text_only[i] else {"port_id": "ge-0/0/1"})}
        for i, s in enumerate(turns)
    ]  # fmt: skip

    def up_at(second: float) -> bool:
        return sum(s <= second for s in turns) % 2 == 0

    ports = []
    for skew, second in zip(skews, range(phase - 600, 3 * 3600 + 600, 300), strict=True):
        before = [s for s in turns if s <= second]
        flap = begin.timestamp() + before[-1] if before and flapped_told else None
        t = begin + timedelta(seconds=second + skew)
        ports.append(
            {**port("09:00", up_at(second)), "timestamp": t.timestamp(), "slot_utc": t, "last_flapped": flap}
        )
    rows = run(ports, events, span=("09:00", "12:00")).hours.filter(pl.col("circuit_id") == CIRCUIT).collect()
    for i, row in enumerate(rows.iter_rows(named=True)):
        truth = sum(up_at(s) for s in range(i * 3600, (i + 1) * 3600)) / 60
        assert row["up_minutes"] == pytest.approx(truth, abs=1e-6)
        assert row["down_minutes"] == pytest.approx(60 - truth, abs=1e-6)
        assert row["flap_count"] == sum(i * 3600 <= s < (i + 1) * 3600 for s in turns)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(100, 3 * 3600 - 100), max_size=6, unique=True).map(sorted),
    st.lists(st.integers(400, 3 * 3600 - 400), min_size=2, max_size=4, unique=True).map(sorted),
    st.integers(0, 299),
    st.booleans(),
)
def test_minutes_equal_the_truth_outside_of_absences_of_the_gateway(turns, absences, phase, told_by_events):
    begin = at("09:00")
    spans = list(zip(absences[::2], absences[1::2], strict=False))

    def away_at(second: float) -> bool:
        return any(a <= second < b for a, b in spans)

    def up_at(second: float) -> bool:
        return sum(s <= second for s in turns) % 2 == 0

    def entry(second: float, kind: str) -> dict[str, Any]:
        return {"mac": "aa", "type": kind, "timestamp": begin.timestamp() + second, "port_id": "ge-0/0/1"}

    events = [entry(s, ("GW_PORT_DOWN", "GW_PORT_UP")[i % 2]) for i, s in enumerate(turns)]
    if told_by_events:
        events += [entry(a, "GW_DISCONNECTED") for a, _ in spans] + [
            entry(b, "GW_CONNECTED") for _, b in spans
        ]
    ports, devices = [], []
    seen = phase - 900
    for second in range(phase - 600, 3 * 3600 + 600, 300):
        slot = begin + timedelta(seconds=second)
        away = away_at(second)
        # The last contact before an absence is its begin; the row of the port stays as it was then.
        seen = max((a for a, _ in spans if a <= second), default=seen) if away else second
        flaps = [s for s in turns if s <= seen]
        last_seen = begin.timestamp() + seen
        row = port("09:00", up_at(seen), slot_utc=slot, timestamp=last_seen)
        ports.append({**row, "last_flapped": begin.timestamp() + (flaps[-1] if flaps else -86400)})
        status = "disconnected" if away else "connected"
        devices.append({"mac": "aa", "status": status, "last_seen": last_seen, "slot_utc": slot})
    rows = run(ports, events, devices=devices, span=("09:00", "12:00")).hours
    own = rows.filter(pl.col("circuit_id") == CIRCUIT).collect()
    for i, row in enumerate(own.iter_rows(named=True)):
        hour_seconds = range(i * 3600, (i + 1) * 3600)
        up = sum(up_at(s) and not away_at(s) for s in hour_seconds) / 60
        gone = sum(map(away_at, hour_seconds)) / 60
        assert row["flap_count"] in (None, sum(s in hour_seconds for s in turns))
        if told_by_events:
            assert row["unknown_minutes"] == pytest.approx(gone, abs=1e-6)
            assert row["up_minutes"] == pytest.approx(up, abs=1e-6)
        else:
            # Without events an absence begins at its last contact and ends between two slots, or none saw it.
            edges = sum(b - a for a, b in spans) / 60 + 5 * len(spans)
            assert row["unknown_minutes"] <= edges + 1e-6


def test_paths_that_are_down_because_the_link_is_are_no_outage_of_reachability():
    """Link down 10:13:20 to 10:18:40; the sample at 10:15 in between says all paths are down."""
    result = run(
        ports=[
            port(c, up=c != "10:15", flapped={"10:15": "10:13:20"}.get(c)) for c in slots("09:55", "11:05")
        ],
        events=[event("10:13:20", "GW_PORT_DOWN"), event("10:18:40", "GW_PORT_UP")],
        paths=[path(c, c != "10:15") for c in slots("09:55", "11:05")],
    )
    assert pieces(result) == [("link", "10:13:20", "10:18:40", "event")]
    row = hour(result)
    assert row["down_minutes"] == pytest.approx(5 + 20 / 60)
    assert row["reachable_minutes"] == pytest.approx(row["up_minutes"])


def test_paths_still_down_after_the_link_returned_are_one():
    result = run(
        ports=[
            port(c, up=c != "10:15", flapped={"10:15": "10:13:20"}.get(c)) for c in slots("09:55", "11:05")
        ],
        events=[event("10:13:20", "GW_PORT_DOWN"), event("10:18:40", "GW_PORT_UP")],
        paths=[path(c, c not in ("10:15", "10:20")) for c in slots("09:55", "11:05")],
    )
    assert pieces(result) == [
        ("link", "10:13:20", "10:18:40", "event"),
        ("reachability", "10:18:40", "10:22:30", "inferred"),
    ]


def test_stretches_without_knowledge_are_told_but_not_those_of_a_disabled_port():
    seen = [port(c) for c in slots("10:00", "10:30")]
    assert silences(run(seen)) == [("10:30:00", "11:00:00")]
    off = [port(c, up=False, disabled=True) for c in slots("09:55", "11:05")]
    assert silences(run(off)) == []
