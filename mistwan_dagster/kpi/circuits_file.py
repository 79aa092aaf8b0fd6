"""The circuits file: what a person knows about circuits and the API does not.

Belongs here: reading, checking and normalising that file, and a draft of it. Does not belong here: what outranks what
(`dimensions.py`).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import polars as pl

from mistwan_dagster.errors import UserError
from mistwan_dagster.kpi.text_file import TextFile

CIRCUITS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "device_mac": pl.String,
    "node": pl.String,
    "port_id": pl.String,
    "role": pl.String,
    "provider": pl.String,
    "bandwidth_down_mbps": pl.Float64,
    "bandwidth_up_mbps": pl.Float64,
}
ROLES = ("primary", "secondary")


def read_circuits_file(path: Path | str) -> pl.DataFrame:
    """The file as CIRCUITS_SCHEMA, one row per circuit in file order.

    MACs become 12 lowercase hex digits, ports lose their unit suffix, empty cells become null. Raises
    UserError (exit 2) that names the file, the line and the mend: unreadable, wrong columns, wrong number
    of cells, bad MAC, no port, bad role, bad or negative bandwidth, the same circuit twice.
    """
    lines = _file(path).csv_lines(CIRCUITS_SCHEMA)
    number, names = next(lines)
    _check_columns(path, number, names)
    rows: list[dict[str, object]] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, cells in lines:
        row = _row(path, number, dict(zip(names, cells, strict=True)))
        circuit = (row["device_mac"], row["node"], row["port_id"])
        if circuit in seen:
            name = ":".join(str(part) for part in circuit if part)
            raise _wrong(path, number, f"circuit {name} is already in line {seen[circuit]}, keep one of them")
        seen[circuit] = number
        rows.append(row)
    return pl.DataFrame(rows, schema=CIRCUITS_SCHEMA)


def draft(dim_circuit: pl.DataFrame) -> pl.DataFrame:
    """The current version of each circuit in the file's columns, by gateway, node and port; what nobody told is null.

    So is the speed of the link, which stands in for a contract that is not known: as a contract it would be wrong.
    """
    contracted = pl.col("bandwidth_source") == "file"
    bandwidths = (pl.when(contracted).then(c).alias(c) for c in CIRCUITS_SCHEMA if c.startswith("bandwidth"))
    current = dim_circuit.filter("is_current").with_columns(bandwidths)
    return current.select(CIRCUITS_SCHEMA.keys()).sort("device_mac", "node", "port_id", nulls_last=False)


def unknown_circuits(file_frame: pl.DataFrame, dim_circuit: pl.DataFrame) -> list[str]:
    """One message per circuit of the file that the org does not have, sorted. Its row is without effect."""
    key = ["device_mac", "node", "port_id"]
    missing = file_frame.join(dim_circuit.select(key).unique(), on=key, how="anti", nulls_equal=True)
    names = missing.select(pl.concat_str(key, separator=":", ignore_nulls=True)).to_series().sort()
    return [
        f"circuits file: {name} is no circuit of the org: check device_mac, node and port_id"
        for name in names
    ]


def _file(path: Path | str) -> TextFile:
    return TextFile(path, "circuits", "MISTWAN_CIRCUITS_FILE")


def _wrong(path: Path | str, line: int, what: str) -> UserError:
    return _file(path).wrong(what, f"line {line}")


def _check_columns(path: Path | str, line: int, names: list[str]) -> None:
    for problem, columns in (
        ("missing", [c for c in CIRCUITS_SCHEMA if c not in names]),
        ("unknown", [c for c in names if c not in CIRCUITS_SCHEMA]),
        ("repeated", sorted({c for c in names if names.count(c) > 1})),
    ):
        if columns:
            shown = ", ".join(repr(c) for c in columns)
            raise _wrong(path, line, f"{problem} column {shown}, expected {','.join(CIRCUITS_SCHEMA)}")


def _row(path: Path | str, line: int, cells: dict[str, str]) -> dict[str, object]:
    mac = re.sub(r"[-:.\s]", "", cells["device_mac"]).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", mac):
        raise _wrong(path, line, f"device_mac {cells['device_mac']!r} is no MAC, expected 12 hex digits")
    port = cells["port_id"].split(".")[0]
    if not port:
        raise _wrong(path, line, "port_id is empty, expected a port such as ge-0/0/1")
    role = cells["role"].lower()
    if role and role not in ROLES:
        raise _wrong(path, line, f"role {cells['role']!r} is neither primary nor secondary nor empty")
    return {
        "device_mac": mac,
        "node": cells["node"].lower() or None,
        "port_id": port,
        "role": role or None,
        "provider": cells["provider"] or None,
        **{c: _bandwidth(path, line, c, cells[c]) for c in ("bandwidth_down_mbps", "bandwidth_up_mbps")},
    }


def _bandwidth(path: Path | str, line: int, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise _wrong(path, line, f"{column} {text!r} is no number, expected Mbps such as 100 or 12.5")
    if value < 0:
        raise _wrong(path, line, f"{column} {text} is negative, expected Mbps of 0 or more")
    return value
