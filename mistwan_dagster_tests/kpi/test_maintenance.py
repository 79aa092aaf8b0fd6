"""The maintenance file: what it means, and what each mistake in it is answered with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mistwan_dagster.catalog.tables import DIM_CIRCUIT, DIM_SITE
from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.maintenance import maintenance_spans, read_maintenance_file, unmatched_windows

HEAD = "provider,region,site,circuit_id,start,end,reason\n"
LINE = "Acme,,,,2025-01-25T02:00:00Z,2025-01-25T04:00:00Z,fibre works\n"


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2025, 1, day, hour, tzinfo=UTC)


def written(tmp_path: Path, text: str, name: str = "m.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_csv_and_yaml_say_the_same(tmp_path: Path):
    csv = read_maintenance_file(written(tmp_path, HEAD + LINE + "\n,,Store 1,,2025-01-26,2025-01-27,move\n"))
    yaml = read_maintenance_file(
        written(
            tmp_path,
            "- {provider: Acme, start: 2025-01-25T02:00:00Z, end: 2025-01-25T04:00:00Z, reason: fibre works}\n"
            "- {site: Store 1, start: 2025-01-26, end: '2025-01-27', reason: move}\n",
            "m.yaml",
        )
    )
    assert csv.equals(yaml)
    assert csv.row(0) == ("Acme", None, None, None, at(25, 2), at(25, 4), "fibre works")
    assert csv["start"].to_list()[1] == at(26)


def test_times_with_a_zone_become_utc_and_an_empty_file_has_no_window(tmp_path: Path):
    line = "Acme,,,,2025-01-25T02:00:00+02:00,2025-01-25T04:00:00,x\n"
    (row,) = read_maintenance_file(written(tmp_path, HEAD + line)).rows()
    assert row[4:6] == (at(25, 0), at(25, 4))
    assert read_maintenance_file(written(tmp_path, HEAD)).is_empty()
    assert read_maintenance_file(written(tmp_path, "", "m.yml")).is_empty()


def test_a_line_break_within_a_quoted_cell_stays_and_ends_no_window(tmp_path: Path):
    text = HEAD + LINE.replace("fibre works", '"fibre,\nworks"') + LINE.replace("fibre works", "power")
    assert read_maintenance_file(written(tmp_path, text))["reason"].to_list() == ["fibre,\nworks", "power"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: is empty, expected the columns"),
        (HEAD + "Acme,,\n", "line 2: has 3 cells, expected 7"),
        (HEAD.replace("region", "town") + LINE, "line 2: unknown column town, expected provider"),
        (HEAD.replace("region", "provider") + LINE, "line 1: names a column twice"),
        (HEAD + LINE + LINE.replace("Acme", ""), "line 3: says for nothing where it holds"),
        (HEAD + LINE.replace("fibre works", " "), "line 2: has no reason"),
        (
            HEAD + LINE.replace("2025-01-25T02:00:00Z", "soon"),
            "line 2: start 'soon' is no time, expected one",
        ),
        (HEAD + LINE.replace("2025-01-25T04:00:00Z", ""), "line 2: end is missing, expected one"),
        (HEAD + LINE.replace("T04", "T02"), "line 2: end 2025-01-25T02:00Z is not after start"),
        (HEAD + '"Acme', "is no CSV"),
    ],
)
def test_mistakes_in_a_csv_are_named_with_line_and_mend(tmp_path: Path, text: str, words: str):
    with pytest.raises(UserError, match=r"maintenance file .*m\.csv, ") as raised:
        read_maintenance_file(written(tmp_path, text))
    assert words in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- [", "no valid YAML"),
        (
            "- provider: Acme\n  start: 2025-01-25\n  start: 2025-01-26",
            "m.yaml: line 3: no valid YAML: 'start' stands twice",
        ),
        ("a: 1", "line 1: must be a list of windows"),
        ("- 7", "window 1: must be a mapping, not 7"),
        ("- {provider: A, start: 2025-01-25, end: 2025-01-26}", "window 1: has no reason"),
        ("- {provider: A, begin: 2025-01-25}", "window 1: unknown column begin"),
        ("- {provider: A, reason: x, start: 7, end: 2025-01-26}", "window 1: start '7' is no time"),
    ],
)
def test_mistakes_in_yaml_are_named_with_their_window(tmp_path: Path, text: str, words: str):
    with pytest.raises(UserError) as raised:
        read_maintenance_file(written(tmp_path, text, "m.yaml"))
    assert words in str(raised.value)


def test_a_file_that_is_not_there_names_the_setting(tmp_path: Path):
    with pytest.raises(UserError, match="does not exist: mend MISTWAN_MAINTENANCE_FILE"):
        read_maintenance_file(tmp_path / "none.csv")


def circuits(*rows: tuple[str, str, str | None, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"circuit_id": c, "site_id": s, "provider": p, "device_mac": "m", "port_id": "x", "valid_from": at(d)}
         for c, s, p, d in rows],
        schema=DIM_CIRCUIT.schema,
    )  # fmt: skip


SITES = pl.DataFrame(
    [{"site_id": s, "site_name": n, "region": r, "valid_from": at(1)} for s, n, r in
     (("s", "Store 1", "North"), ("t", "Store 2", "West"))],
    schema=DIM_SITE.schema,
)  # fmt: skip
CIRCUITS = circuits(("a", "s", "Acme", 1), ("b", "t", "Acme", 1), ("b", "t", "Best", 20), ("c", "s", None, 1))


def spans(tmp_path: Path, lines: str) -> list[tuple]:
    windows = read_maintenance_file(written(tmp_path, HEAD + lines))
    return maintenance_spans(windows, CIRCUITS, SITES).collect().rows()


def test_a_window_holds_where_everything_that_it_names_fits_when_it_begins(tmp_path: Path):
    time = "2025-01-10T02:00:00Z,2025-01-10T04:00:00Z,x\n"
    late = "2025-01-25T02:00:00Z,2025-01-25T04:00:00Z,x\n"
    early = (at(10, 2), at(10, 4), "x")
    assert spans(tmp_path, f"Acme,,,,{time}") == [("a", *early), ("b", *early)]
    assert spans(tmp_path, f"Acme,,,,{late}") == [("a", at(25, 2), at(25, 4), "x")]
    assert spans(tmp_path, f"Acme,West,,,{time}") == [("b", *early)]
    assert spans(tmp_path, f",,Store 1,,{time}") == [("a", *early), ("c", *early)]
    assert spans(tmp_path, f",,t,,{time}") == [("b", *early)]
    assert spans(tmp_path, f",,,c,{time}") == [("c", *early)]


def test_windows_that_touch_are_one_stretch_with_all_reasons(tmp_path: Path):
    lines = LINE + "Acme,,,,2025-01-25T03:00:00Z,2025-01-25T06:00:00Z,power\n"
    assert spans(tmp_path, lines) == [("a", at(25, 2), at(25, 6), "fibre works; power")]


def test_a_window_that_holds_for_nothing_is_told(tmp_path: Path):
    windows = read_maintenance_file(written(tmp_path, HEAD + LINE + LINE.replace("Acme", "Acne")))
    (message,) = unmatched_windows(windows, CIRCUITS, SITES)
    assert message.startswith("maintenance file: window 2 (Acne) matches no circuit")
