"""A local stand-in for Snowflake: fakesnow, served over HTTP on loopback, in memory.

Run as `python -m mistwan_dagster.simulator.local_snowflake PORT`; `make demo WAREHOUSE=snowflake-local` does. Belongs
here: serving it, and mending what it answers wrongly. What it cannot prove is listed in `docs/snowflake.md`.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

import pyarrow as pa
import uvicorn

from mistwan_dagster.errors import UserError

QUIET = ("fakesnow.server", "uvicorn", "uvicorn.access", "uvicorn.error", "sqlglot")


def make_server(port: int) -> uvicorn.Server:
    """A server on loopback, not yet running; port 0 takes a free one. Raises UserError without fakesnow."""
    try:
        import fakesnow.arrow
        from fakesnow.server import app
    except ImportError:
        raise UserError("fakesnow is not installed: it comes with `make env`") from None
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    fakesnow.arrow.timestamp_to_sf_struct = _keep_nulls(fakesnow.arrow.timestamp_to_sf_struct)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return server


def _keep_nulls(convert: Any) -> Any:
    """fakesnow 0.12.1 sends times that are null as 1970."""
    if getattr(convert, "keeps_nulls", False):
        return convert

    def converted(times: Any) -> pa.StructArray:
        whole = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
        struct = convert(whole.fill_null(0))
        parts = [struct.field(i) for i in range(struct.type.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=list(struct.type), mask=whole.is_null())

    converted.keeps_nulls = True  # type: ignore[attr-defined]
    return converted


if __name__ == "__main__":
    make_server(int(sys.argv[1])).run()
