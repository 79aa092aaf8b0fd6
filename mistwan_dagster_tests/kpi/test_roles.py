import polars as pl
import pytest

from mistwan_dagster.kpi.roles import acting_role, sole_primaries


@pytest.mark.parametrize(
    ("told", "acting"),
    [
        ([None, "secondary"], ["primary", "secondary"]),
        ([None, "secondary", "secondary"], ["primary", "secondary", "secondary"]),
        ([None, None, "secondary"], [None, None, "secondary"]),
        (["primary", None, "secondary"], ["primary", None, "secondary"]),
        ([None], [None]),
        ([None, None], [None, None]),
        (["secondary", "secondary"], ["secondary", "secondary"]),
    ],
)
def test_the_only_circuit_beside_backups_acts_as_primary(
    told: list[str | None], acting: list[str | None]
) -> None:
    sites = pl.DataFrame(
        {"site_id": ["a"] * len(told) + ["b"], "role": [*told, None]}, schema_overrides={"role": pl.String}
    )
    assert sites.with_columns(acting_role("site_id"))["role"].to_list() == [*acting, None]


def test_of_two_primaries_none_is_the_only_one():
    circuits = pl.LazyFrame(
        [
            ("one", "a", "primary"),
            ("backup", "a", "secondary"),
            ("east", "b", "primary"),
            ("west", "b", "primary"),
            ("acting", "c", None),
            ("lte", "c", "secondary"),
            ("unknown", "d", None),
        ],
        schema=["circuit_id", "site_id", "role"],
        orient="row",
    )
    assert sorted(sole_primaries(circuits).collect()["circuit_id"]) == ["acting", "one"]
