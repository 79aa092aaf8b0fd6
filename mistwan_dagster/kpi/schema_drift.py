"""What an endpoint's rows of a day were made of, and how that differs from the days before. Pure; no values leave here.

A profile has one row a field: how it was met (`declared`, `undeclared` in `extra`, `refused` by the extractor), its
JSON type, in how many of the day's rows, and when first. Drift is the difference between profiles.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
import polars as pl

from mistwan_dagster.catalog.columns import INSTANT
from mistwan_dagster.catalog.endpoint import EXTRA, RECEIVED_AT, Endpoint, Field
from mistwan_dagster.catalog.schema_drift import RPT_SCHEMA_DRIFT

PROFILE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "endpoint": pl.String,
    "day": pl.Date,
    "met_as": pl.String,
    "field_path": pl.String,
    "type": pl.String,
    "row_count": pl.Int64,
    "of_rows": pl.Int64,
    "first_seen_utc": INSTANT,
}
FIELD = ["endpoint", "met_as", "field_path"]
LEAST_EXPECTED_ROWS = 10
"""A field is missed only where the day before lets expect it in this many rows: a rare one may well not occur."""
TYPE_REASON = r"^(?P<field_path>[^:]+): (?P<type>.+) where .+ is expected$"
KEY_REASON = r"^no value in (?P<field_path>.+)$"

_TYPES = {ord(c): "number" for c in "-0123456789"} | {
    ord("{"): "object", ord("["): "array", ord('"'): "string",
    ord("t"): "boolean", ord("f"): "boolean", ord("n"): "null",
}  # fmt: skip
"""JSON type by the first byte of a value."""
_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def field_profile(frame: pl.DataFrame, endpoint: Endpoint, day: date) -> pl.DataFrame:
    """Profile of an endpoint's raw rows; a declared field that no row tells has `row_count` 0. Empty without rows."""
    if frame.is_empty():
        return pl.DataFrame(schema=PROFILE_SCHEMA)
    first = frame[RECEIVED_AT.name].min()
    told = frame.select(pl.col(f.name).count() for f in endpoint.fields).row(0)
    declared = [
        ("declared", ".".join(f.source), _json_type(f), count, first)
        for f, count in zip(endpoint.fields, told, strict=True)
    ]
    rows = [
        (endpoint.name, day, how, path, kind, count, frame.height, seen)
        for how, path, kind, count, seen in [*declared, *_undeclared(frame)]
    ]
    return pl.DataFrame(rows, schema=PROFILE_SCHEMA, orient="row")


def _json_type(field: Field) -> str:
    if field.json:
        return "object or array"
    if field.dtype == pl.String:
        return "string"
    return "boolean" if field.dtype == pl.Boolean else "number"


def _undeclared(frame: pl.DataFrame) -> Iterable[tuple[str, str, str, int, datetime]]:
    """Top-level keys of `extra` by JSON type, with the number of rows and the first arrival."""
    found: dict[tuple[str, str], list[int]] = {}
    arrivals: list[datetime] = []
    kept = frame.select(RECEIVED_AT.name, EXTRA.name).drop_nulls().sort(RECEIVED_AT.name, maintain_order=True)
    for (received_at,), page in kept.group_by(RECEIVED_AT.name, maintain_order=True):
        assert isinstance(received_at, datetime)
        arrivals.append(received_at)
        for row in _decoder.decode(f"[{','.join(page[EXTRA.name])}]"):
            for key, value in row.items():
                seen = found.setdefault((key, _TYPES[memoryview(value)[0]]), [0, len(arrivals) - 1])
                seen[0] += 1
    for (key, kind), (count, arrival) in found.items():
        yield "undeclared", key, kind, count, arrivals[arrival]


def refusal_profile(refused: pl.DataFrame, endpoint: Endpoint, day: date) -> pl.DataFrame:
    """Profile of refused rows (`walked_at`, `reason`): fields of a wrong type, and keys without a value."""
    wrong = pl.col("reason").str.extract_groups(TYPE_REASON)
    keyless = pl.col("reason").str.extract_groups(KEY_REASON)
    found = refused.select(
        field_path=pl.coalesce(wrong.struct.field("field_path"), keyless.struct.field("field_path")),
        type=pl.coalesce(wrong.struct.field("type"), pl.lit("null")),
        first_seen_utc="walked_at",
    ).drop_nulls("field_path")
    counted = found.group_by("field_path", "type").agg(
        row_count=pl.len().cast(pl.Int64), first_seen_utc=pl.col("first_seen_utc").min()
    )
    return counted.select(
        endpoint=pl.lit(endpoint.name), day=pl.lit(day), met_as=pl.lit("refused"), field_path="field_path",
        type="type", row_count="row_count", of_rows=pl.lit(refused.height, pl.Int64),
        first_seen_utc="first_seen_utc",
    )  # fmt: skip


def merge_profiles(profiles: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One profile of the parts of a day: rows are added up, the first arrival stays."""
    both = pl.concat([pl.DataFrame(schema=PROFILE_SCHEMA), *profiles])
    return (
        both.group_by("endpoint", "day", "met_as", "field_path", "type", maintain_order=True)
        .agg(pl.col("row_count", "of_rows").sum(), pl.col("first_seen_utc").min())
        .select(*PROFILE_SCHEMA)
    )


def drift(profiles: pl.DataFrame, today: date) -> pl.DataFrame:
    """`rpt_schema_drift` of all profiled days.

    The first profiled day of an endpoint is what others are compared with, so it brings nothing new; rows that were
    refused on it are told, because they differ from the declaration. A day that is going on (`today`) can miss
    nothing yet. Null tells no type.
    """
    first_day = pl.col("day").min().over("endpoint")
    started = profiles.with_columns(is_first_day=pl.col("day") == first_day)
    parts = [_new(started), _retyped(started), _refused(started), _missing(started, today)]
    found = pl.concat([RPT_SCHEMA_DRIFT.conform(part.lazy()) for part in parts])
    return found.collect().sort("first_seen_utc", *RPT_SCHEMA_DRIFT.key[:-1])


def _new(profiles: pl.DataFrame) -> pl.DataFrame:
    undeclared = profiles.filter(pl.col("met_as") == "undeclared").sort(
        pl.col("type") == "null", "first_seen_utc"
    )
    first = undeclared.filter(pl.col("day") == pl.col("day").min().over(FIELD))
    fields = first.group_by(FIELD, maintain_order=True).agg(
        pl.col("row_count").sum(), pl.col("first_seen_utc").min(), pl.col("is_first_day", "type").first()
    )
    return fields.filter(~pl.col("is_first_day")).select(
        "endpoint", "field_path", "first_seen_utc", "row_count", kind=pl.lit("new"), example_type="type"
    )


def _retyped(profiles: pl.DataFrame) -> pl.DataFrame:
    """Undeclared fields: another type than on the day on which they were first told with one."""
    typed = profiles.filter(pl.col("met_as") == "undeclared", pl.col("type") != "null").sort("day")
    typed = typed.with_columns(field_first_day=pl.col("day").min().over(FIELD))
    first = typed.filter(pl.col("day") == pl.col("day").min().over(*FIELD, "type"))
    return first.filter(pl.col("day") > pl.col("field_first_day")).select(
        "endpoint",
        "field_path",
        "first_seen_utc",
        "row_count",
        kind=pl.lit("type_changed"),
        example_type="type",
    )


def _refused(profiles: pl.DataFrame) -> pl.DataFrame:
    refused = profiles.filter(pl.col("met_as") == "refused")
    first = refused.filter(pl.col("day") == pl.col("day").min().over(*FIELD, "type"))
    kind = pl.when(pl.col("type") == "null").then(pl.lit("missing")).otherwise(pl.lit("type_changed"))
    return first.select(
        "endpoint", "field_path", "first_seen_utc", "row_count", kind=kind, example_type="type"
    )


def _missing(profiles: pl.DataFrame, today: date) -> pl.DataFrame:
    """Fields that rows of the profiled day before told and no row of this one does, though it should have some."""
    told = profiles.filter(pl.col("met_as") != "refused")
    days = told.group_by("endpoint", "day").agg(
        rows=pl.col("of_rows").max(), first=pl.col("first_seen_utc").min()
    )
    days = days.sort("endpoint", "day").with_columns(
        pl.col("day", "rows").shift(1).over("endpoint").name.suffix("_before")
    )
    fields = told.filter(pl.col("row_count") > 0).group_by("endpoint", "day", "field_path")
    by_field = fields.agg(pl.col("row_count").sum(), pl.col("type").first())
    before = by_field.rename({"day": "day_before"})
    expected = pl.col("rows") * pl.col("row_count") / pl.col("rows_before")
    gone = (
        days.filter(pl.col("day") < today)
        .join(before, on=["endpoint", "day_before"])
        .join(by_field, on=["endpoint", "day", "field_path"], how="anti")
        .filter(expected >= LEAST_EXPECTED_ROWS)
    )
    return gone.select(
        "endpoint", "field_path", first_seen_utc="first", row_count="rows",
        kind=pl.lit("missing"), example_type="type",
    )  # fmt: skip
