"""The proofs for a real account run to their end on the stand-in too; what it cannot show is told as not proven."""

from mistwan_dagster.orchestration.warehouses import snowflake
from mistwan_dagster.warehouse.snowflake_verify import verify
from mistwan_dagster_tests.warehouse.conftest import Backend


def test_each_proof_is_told_and_the_scratch_table_is_gone(snowflake_backend: Backend) -> None:
    results = verify(*snowflake(snowflake_backend.settings, "verify"))
    held = [text for holds, text in results if holds]
    assert len(results) == 8
    for proof in (
        "PUT, COPY",
        "a transaction that is rolled back",
        "INSERT OVERWRITE",
        "the scratch table is gone",
    ):
        assert any(text.startswith(proof) for text in held), results
    left = snowflake_backend.reader()
    snowflake_backend.warehouse().publish()
    sql = "SELECT count(*) AS n FROM information_schema.tables WHERE lower(table_name) LIKE 'verify%'"
    assert left.query(sql).item() == 0
