"""What a table is: columns, key, grain, span. The tables themselves are declared in the modules beside this one."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mistwan_dagster.catalog.columns import Column


@dataclass(frozen=True)
class Table:
    """A declared table. `span` is the column by which a period is deleted and inserted (None: whole table)."""

    name: str
    meaning: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    span: str | None = None

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Column name -> Polars dtype, in declared order."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """The declared column of that name; KeyError if there is none."""
        return {c.name: c for c in self.columns}[name]

    def empty(self) -> pl.DataFrame:
        """No rows, declared columns."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Declared columns in declared order and type; a declared column that is absent becomes null.

        Raises at collect when a value cannot be cast (strict casts: a wrong type must not turn into null).
        """
        present = set(frame.collect_schema().names())
        return frame.select(
            (pl.col(c.name) if c.name in present else pl.lit(None)).cast(c.dtype).alias(c.name)
            for c in self.columns
        )
