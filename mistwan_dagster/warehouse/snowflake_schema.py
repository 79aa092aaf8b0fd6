"""Tables and views in Snowflake: what is missing, what has drifted, and the statements that mend it.

Everything follows from the catalog. Nothing here drops data: a column of another type is shown and left alone. Does
not belong here: database, roles and grants, which an administrator makes once (`sql/snowflake/setup`).
"""

from __future__ import annotations

import re

from mistwan_dagster.catalog.tables import TABLES
from mistwan_dagster.catalog.views import VIEWS
from mistwan_dagster.warehouse.drift import Drift, table_drift, view_drift
from mistwan_dagster.warehouse.render import create_view
from mistwan_dagster.warehouse.snowflake_session import Connect, Session, Target, in_session

STAGE = "mistwan_stage"
"""Internal stage that loads pass through."""
STATE = "mistwan_state"
"""One row: the published version, and the run that loads (the row by which loads wait for one another)."""
STAGING = re.compile(r"load_[0-9a-f]{12}$")
_SHOWN_AS = {"VARCHAR": "TEXT", "NUMBER(38,0)": "NUMBER", "TIMESTAMP_NTZ(6)": "TIMESTAMP_NTZ"}
"""How `information_schema` names the types that tables are declared with."""


def _found(session: Session, target: Target) -> dict[str, dict[str, str]]:
    """Table or view -> column -> type, all lower case but the types."""
    rows = session.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = ?",
        [target.schema.upper()],
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table.lower(), {})[column.lower()] = kind
    return found


def drift(session: Session, target: Target) -> list[Drift]:
    """Every difference, tables first; an empty list when the warehouse is what the catalog declares."""
    found = _found(session, target)
    result = [*table_drift(found, "snowflake", _SHOWN_AS), *view_drift(found)]
    known = {*TABLES, *VIEWS, STATE}
    for name in sorted(set(found) - known):
        left = STAGING.match(name)
        result.append(Drift(f"table {name} {'was left by a load that was cut off' if left else 'is not declared'}",
                            f"DROP TABLE {name}" if left else None))  # fmt: skip
    return result


def init(connect: Connect, target: Target) -> list[str]:
    """Create stage, state and every table and view that is missing; returns what was done. Repeatable."""

    def create(session: Session) -> list[str]:
        session.execute(f"CREATE STAGE IF NOT EXISTS {STAGE}")
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {STATE} "
            "(version NUMBER(38,0) NOT NULL, published_at_utc TIMESTAMP_NTZ(6), writer VARCHAR)"
        )
        session.execute(f"INSERT INTO {STATE} SELECT 0, NULL, NULL WHERE NOT EXISTS (SELECT 1 FROM {STATE})")
        missing = [d for d in drift(session, target) if d.mend and d.mend.startswith("CREATE")]
        for one in missing:
            session.execute(str(one.mend))
        return [d.text.replace(" is missing", " created") for d in missing]

    return in_session(connect, target, create)


def migrate(connect: Connect, target: Target) -> tuple[list[str], list[str]]:
    """Create and add what is missing, renew every view; returns what was done and what is left to do by hand."""
    init(connect, target)

    def mend(session: Session) -> tuple[list[str], list[str]]:
        differences = drift(session, target)
        for one in differences:
            if one.mend:
                session.execute(one.mend)
        for view in VIEWS.values():  # `SELECT f.*` is fixed when a view is made
            session.execute(create_view(view))
        return [d.text for d in differences if d.mend], [d.text for d in differences if not d.mend]

    return in_session(connect, target, mend)


def diff(connect: Connect, target: Target) -> list[str]:
    """Every difference in words; changes nothing."""
    return [d.text for d in in_session(connect, target, lambda session: drift(session, target))]
