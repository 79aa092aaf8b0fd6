"""Proofs to run on a real account, of what the local stand-in cannot show (`mistwan warehouse verify`).

Works on a scratch table and a scratch folder of the stage, both of which it removes; published data is not touched.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
from snowflake.connector import errors

from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.snowflake_reader import frame_of
from mistwan_dagster.warehouse.snowflake_schema import STAGE
from mistwan_dagster.warehouse.snowflake_session import Connect, Session, Target, explained, in_session

COLUMNS = "id NUMBER(38,0), share FLOAT, text VARCHAR, agreed BOOLEAN, day DATE, seen_at TIMESTAMP_NTZ(6)"
ROWS = pl.DataFrame(
    {
        "id": [1, 2, 10**15],
        "share": [0.1, None, 1e300],
        "text": ["é'\\\n", None, ""],
        "agreed": [True, None, False],
        "day": [date(1970, 1, 1), None, date(2199, 12, 31)],
        "seen_at": [datetime(1970, 1, 1), None, datetime(2025, 3, 30, 1, 30, 0, 123456)],
    }
)
"""A value at the edge of each type, and a null in each but the key."""


def verify(connect: Connect, target: Target) -> list[tuple[bool, str]]:
    """Run every proof; each is (held, what it is about and what was seen). Raises UserError when sign-in fails."""
    scratch = f"verify_{uuid.uuid4().hex[:12]}"
    proofs: list[tuple[str, Callable[[Session, str], str]]] = [
        ("session: role, warehouse and query tag are those asked for", _session),
        ("PUT, COPY with PURGE into a TRANSIENT table: every type comes back equal", _round_trip),
        ("a transaction that is rolled back leaves the rows as they were", _rollback),
        ("INSERT OVERWRITE is rolled back with its transaction", _overwrite),
        ("COPY deleted its file from the stage", _purged),
        ("a key is not enforced, so loads alone keep rows unique", _key),
        ("clustering is accepted and shown", _clustering),
    ]

    def run(session: Session) -> list[tuple[bool, str]]:
        results = []
        for text, proof in [*proofs, ("the scratch table is gone", _dropped)]:
            try:
                results.append((True, f"{text}: {proof(session, scratch)}"))
            except errors.Error as error:
                results.append((False, f"{text}: {explained(error, target)}"))
            except AssertionError as error:
                results.append((False, f"{text}: {error}"))
        return results

    try:
        return in_session(connect, target, run, attempts=1)
    except OSError as error:
        raise UserError(f"cannot write a scratch file: {error.strerror}") from None


def _require(holds: bool, seen: object) -> None:
    if not holds:
        raise AssertionError(f"saw {seen}")


def _session(session: Session, _: str) -> str:
    role, warehouse = session.rows("SELECT current_role(), current_warehouse()")[0]
    tags = session.rows("SHOW PARAMETERS LIKE 'QUERY_TAG' IN SESSION")
    _require(bool(warehouse) and "mistwan:" in str(tags[0][1]), (role, warehouse, tags[0][1]))
    return f"{role}, {warehouse}, {tags[0][1]}"


def _round_trip(session: Session, scratch: str) -> str:
    with tempfile.TemporaryDirectory(prefix="mistwan-verify-") as folder:
        ROWS.write_parquet(Path(folder) / "rows.parquet")
        session.execute(
            f"PUT 'file://{folder}/*.parquet' @{STAGE}/{scratch}/ AUTO_COMPRESS = FALSE OVERWRITE = TRUE"
        )
    session.execute(f"CREATE TRANSIENT TABLE {scratch} ({COLUMNS}) DATA_RETENTION_TIME_IN_DAYS = 0")
    session.execute(
        f"COPY INTO {scratch} FROM @{STAGE}/{scratch}/rows.parquet FILE_FORMAT = (TYPE = PARQUET "
        "USE_LOGICAL_TYPE = TRUE) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT PURGE = TRUE"
    )
    found = frame_of(session, f"SELECT * FROM {scratch} ORDER BY id", [])
    _require(found.equals(ROWS), found.rows())
    return f"{found.height} rows"


def _rollback(session: Session, scratch: str) -> str:
    session.execute("BEGIN")
    session.execute(f"DELETE FROM {scratch}")
    session.execute("ROLLBACK")
    left = session.rows(f"SELECT count(*) FROM {scratch}")[0][0]
    _require(left == ROWS.height, f"{left} rows")
    return f"{left} rows"


def _overwrite(session: Session, scratch: str) -> str:
    session.execute("BEGIN")
    taken = session.execute(f"INSERT OVERWRITE INTO {scratch} (id) SELECT 1").rowcount
    inside = session.rows(f"SELECT count(*) FROM {scratch}")[0][0]
    session.execute("ROLLBACK")
    left = session.rows(f"SELECT count(*) FROM {scratch}")[0][0]
    _require((taken, inside, left) == (1, 1, ROWS.height), (taken, inside, left))
    return f"{inside} row inside, {left} after"


def _purged(session: Session, scratch: str) -> str:
    files = session.rows(f"LIST @{STAGE}/{scratch}/")
    _require(not files, files)
    return "no file left"


def _key(session: Session, scratch: str) -> str:
    session.execute(f"ALTER TABLE {scratch} ADD PRIMARY KEY (id)")
    session.execute(f"INSERT INTO {scratch} (id) VALUES (1)")
    count = session.rows(f"SELECT count(*) FROM {scratch} WHERE id = 1")[0][0]
    _require(count == 2, f"{count} rows")
    return "a second row of one key was taken"


def _clustering(session: Session, scratch: str) -> str:
    session.execute(f"ALTER TABLE {scratch} CLUSTER BY (seen_at)")
    told = session.rows(f"SELECT SYSTEM$CLUSTERING_INFORMATION('{scratch}')")[0][0]
    _require("cluster_by_keys" in str(told), told)
    return "SYSTEM$CLUSTERING_INFORMATION knows it"


def _dropped(session: Session, scratch: str) -> str:
    session.execute(f"DROP TABLE IF EXISTS {scratch}")
    return scratch
