"""What is declared of a Mist endpoint: SDK function, paging, time shape, key and fields.

Belongs here: the types of a declaration. Does not belong here: the endpoints themselves (`endpoints`), requests,
parsing, the meaning of a field for a KPI.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from mistwan_dagster.catalog.columns import INSTANT


class Paging(StrEnum):
    """How an endpoint pages: `limit`/`page` with X-Page headers, `next` paths in the body, or not at all."""

    PAGE = "page"
    CURSOR = "cursor"
    NONE = "none"


class Shape(StrEnum):
    """What an answer tells: the state now, events of a time window, figures of a window, or a series of bins."""

    SNAPSHOT = "snapshot"
    EVENTS = "events"
    WINDOW = "window"
    SERIES = "series"


class Body(StrEnum):
    """What a parsed answer is: rows (an array, or `results`), one row, or an object whose keys name rows."""

    ROWS = "rows"
    OBJECT = "object"
    MAP = "map"


@dataclass(frozen=True)
class LookBack:
    """Hours that an event search asks again, because rows arrive late or change in place: with each slot,
    with the first slot of a clock hour, and with the first of a day."""

    slot: int = 2
    hour: int = 2
    day: int = 2


class Scope(StrEnum):
    """What one walk of an endpoint covers, and so how many walks it takes to read everything."""

    ORG = "org"
    SITE = "site"
    GATEWAY = "gateway"
    CIRCUIT = "circuit"
    CLOUD = "cloud"


class Cadence(StrEnum):
    """How often an endpoint is read. On-demand reading is optional: it stops first when the budget shrinks."""

    SLOT = "slot"
    HOUR = "hour"
    DAY = "day"
    ON_DEMAND = "on demand"


class Population(StrEnum):
    """What an endpoint has a row of; how many there are decides how many pages a walk has."""

    SITES = "sites"
    GATEWAYS = "gateways"
    PORTS = "ports"
    CIRCUITS = "circuits"
    PATHS = "paths"
    EVENTS = "events"
    ALARMS = "alarms"
    CLIENTS = "clients"


@dataclass(frozen=True)
class Field:
    """One field of an API row. `path` walks nested objects; `json` keeps an object or list as JSON text."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str = ""
    path: tuple[str, ...] = ()
    json: bool = False

    @property
    def source(self) -> tuple[str, ...]:
        """Keys to follow from the row to the value."""
        return self.path or (self.name,)


RECEIVED_AT = Field("received_at", INSTANT, "when the page that held the row arrived")
EXTRA = Field("extra", pl.String, "JSON object of the keys that no declared field reads; null when none")


@dataclass(frozen=True)
class Endpoint:
    """One GET operation of the Mist API.

    `arguments` are sent with every call. `key` is the natural key by which a walk is de-duplicated (the
    row with the newest `newest_by` stays). `secrets` are keys dropped before anything is stored; without
    `keeps_extra` so is every key that no field declares.
    `scope` and `cadence` give the call plan: walks needed for everything, and how often they are made;
    `population` names what a row is where the natural key does not tell it (`call_plan.population`).
    `body` is the form of an answer; of a MAP the key becomes the first field. `look_back` concerns events.
    An `optional` endpoint may be refused (403, 404) without failing a collection.
    `history_hours` is how far back the API can tell (0: only now), and decides whether it can be backfilled.
    `envelope` names keys beside the rows of an answer that each row gets (its window of time, for one).
    """

    name: str
    function: str
    path: str
    paging: Paging
    shape: Shape
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    meaning: str
    arguments: dict[str, str] = field(default_factory=dict)
    newest_by: str | None = None
    secrets: frozenset[str] = frozenset()
    scope: Scope = Scope.ORG
    cadence: Cadence = Cadence.SLOT
    history_hours: int = 0
    envelope: tuple[str, ...] = ()
    body: Body = Body.ROWS
    keeps_extra: bool = True
    look_back: LookBack = LookBack()
    population: Population | None = None
    optional: bool = False

    @property
    def raw_name(self) -> str:
        """Its name among those of stages and tables: `alarms` is a stage, `raw/alarms` what it reads."""
        return f"raw/{self.name}"

    @property
    def in_slots(self) -> bool:
        """Whether the raw lake keeps it as whole answers by slot; everything else is kept row by row in its hour."""
        return self.shape in (Shape.SNAPSHOT, Shape.WINDOW)

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Columns of the raw table: declared fields, then arrival time and undeclared keys."""
        return {f.name: f.dtype for f in (*self.fields, RECEIVED_AT, EXTRA)}
