"""The API's routes and who may ask them.

Belongs here: HTTP: routes, tokens, errors as status codes, the OpenAPI description. Does not belong here: SQL
(`selection`), versions and cursors (`pages`). Annotations are evaluated here: routes refer to functions beside them.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.middleware.trustedhost import TrustedHostMiddleware

from mistwan_dagster.api.answers import (
    DATA_AS_OF_HEADER,
    NEXT_HEADER,
    VERSION_HEADER,
    Problem,
    TableColumns,
    TableList,
    TableRows,
    rows_answer,
    stamp,
    told_headers,
)
from mistwan_dagster.api.catalog import NAMES, column_infos, row_schemas, table_info
from mistwan_dagster.api.pages import NothingPublished, Pages
from mistwan_dagster.api.selection import OPERATORS, Refused, Selection
from mistwan_dagster.api.tokens import Token, TokenFile
from mistwan_dagster.errors import UserError
from mistwan_dagster.warehouse.port import Reader, Superseded

MOST_ROWS = 10_000
LOCAL_HOSTS = ["127.0.0.1", "localhost", "[::1]", "::1"]
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
log = logging.getLogger(__name__)

PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "no token, or one that is not in force"},
    503: {"model": Problem, "description": "nothing is published yet, or the warehouse cannot be asked"},
}
OF_TABLE: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "the token has no scope for this table"},
    404: {"model": Problem, "description": "no table or view of that name"},
    410: {
        "model": Problem,
        "description": "that version is no longer kept: begin again without cursor and version",
    },
}
TOLD_HEADERS = {
    VERSION_HEADER: {"schema": {"type": "integer"}, "description": "published version of the answer"},
    DATA_AS_OF_HEADER: {
        "schema": {"type": "string", "format": "date-time"},
        "description": "end of the newest hour",
    },
}
ROWS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": TableRows,
        "description": "a page of rows",
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {
            **TOLD_HEADERS,
            NEXT_HEADER: {"schema": {"type": "string"}, "description": "cursor of the next page"},
            "Link": {"schema": {"type": "string"}, "description": "address of the next page, rel=next"},
        },
    }
}

Name = Annotated[str, Path(description="table or view", json_schema_extra={"enum": list(NAMES)})]
Version = Annotated[
    int | None,
    Query(ge=1, le=2**53, description="answer from this published version; default: the newest"),
]
Columns = Annotated[str | None, Query(max_length=4000, description="columns to tell, by comma; default: all")]
Filters = Annotated[
    list[str],
    Query(
        alias="filter",
        max_length=20,
        description=f"`column:operator:value`, all of them must hold; operators: {', '.join(OPERATORS)}. `in` takes "
        "values by comma, `null` and `notnull` none. Comparisons never match an unknown value",
        examples=["region:eq:West", "utilization_pct:ge:80", "hour_utc:ge:2025-01-25T00:00:00Z"],
    ),
]
Sorts = Annotated[
    str | None,
    Query(max_length=1000, description="columns by comma, `-` before one for descending; unknown comes last"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows a page")]
AsCursor = Annotated[
    str | None, Query(max_length=8000, description="`next` of the page before, with the same parameters")
]
Format = Annotated[Literal["json", "csv"], Query(alias="format")]


def create_app(
    reader: Reader, tokens: TokenFile, now: Callable[[], datetime], *, allow_anonymous: bool = False
) -> FastAPI:
    """The ASGI application. A token is asked for, unless anonymous reading is allowed and there is no token file.

    Then only loopback names are served, until a token is made. `now` gives an aware instant.
    """
    is_open = allow_anonymous and not tokens.exists
    app = FastAPI(
        title="mistwan read API",
        version="1",
        summary="Published WAN figures, read-only. Times are UTC, null is unknown.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    pages = Pages(reader)
    bearer = HTTPBearer(auto_error=False, description="made by `mistwan api token`")
    if is_open:  # a web page must not read it under a name of its own that leads here
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS)

    def signed_in(
        told: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Token | None:
        """The token in force; None where none is asked for. Raises 401."""
        if told is None and is_open and not tokens.exists:
            return None
        found = tokens.find(told.credentials, now()) if told else None
        if found is None:
            raise HTTPException(
                401, "a token in force is needed: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"}
            )
        return found

    def table(name: Name, token: Annotated[Token | None, Depends(signed_in)]) -> str:
        """A declared name that the token may read. Raises 404 and 403."""
        if name not in NAMES:
            raise HTTPException(404, f"there is no table or view {name[:100]!r}: see /v1/tables")
        if token is not None and not token.may_read(name):
            raise HTTPException(403, f"the token has no scope for {name}")
        return name

    @app.get("/healthz", responses={503: {"model": Problem, "description": "rows cannot be told now"}})
    def healthz() -> dict[str, str]:
        """Whether rows can be told. Open to all."""
        pages.version()
        return {"status": "ok"}

    @app.get("/v1/tables", responses={200: {"headers": TOLD_HEADERS}, **PROBLEMS})
    def list_tables(answer: Response, token: Annotated[Token | None, Depends(signed_in)]) -> TableList:
        """Tables and views that the token may read."""
        version, as_of = pages.at(None, lambda v: (v, pages.data_as_of(v)))
        answer.headers.update(told_headers(version, as_of))
        names = [n for n in NAMES if token is None or token.may_read(n)]
        return TableList(version=version, data_as_of=stamp(as_of), tables=[table_info(n) for n in names])

    @app.get("/v1/tables/{name}/columns", responses={200: {"headers": TOLD_HEADERS}, **PROBLEMS, **OF_TABLE})
    def table_columns(
        answer: Response, name: Annotated[str, Depends(table)], version: Version = None
    ) -> TableColumns:
        """Columns of a table or view with their types, units and meanings."""
        found, schema, as_of = pages.at(version, lambda v: (v, pages.schema(name, v), pages.data_as_of(v)))
        answer.headers.update(told_headers(found, as_of))
        return TableColumns(
            **table_info(name).model_dump(),
            version=found,
            data_as_of=stamp(as_of),
            columns=column_infos(name, schema),
        )

    @app.get("/v1/tables/{name}", responses={**ROWS, **PROBLEMS, **OF_TABLE})
    def table_rows(
        name: Annotated[str, Depends(table)],
        filters: Filters = [],  # noqa: B006 (FastAPI copies it)
        columns: Columns = None,
        sort: Sorts = None,
        limit: Limit = 1000,
        cursor: AsCursor = None,
        version: Version = None,
        output: Format = "json",
    ) -> Response:
        """A page of rows of one published version, in the order asked for and then of the key."""
        selection = Selection(_parts(columns), tuple(filters), _parts(sort))
        page = pages.page(name, selection, limit, cursor or None, version)
        return rows_answer(name, page, output, selection, limit)

    _answer_errors(app)
    _describe(app)
    return app


def _parts(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _answer_errors(app: FastAPI) -> None:
    """Errors as status codes; what a warehouse says of itself goes to the log, not to the asker."""

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Any]) -> Response:
        response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(RequestValidationError)
    def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        told = [{k: e[k] for k in ("loc", "msg", "type")} for e in error.errors()]
        return JSONResponse({"detail": told}, 422)

    @app.exception_handler(Refused)
    def refused(_: Request, error: Refused) -> JSONResponse:
        told = {"loc": ["query", error.parameter], "msg": str(error), "type": "value_error"}
        return JSONResponse({"detail": [told]}, 422)

    @app.exception_handler(Superseded)
    def gone(_: Request, error: Superseded) -> JSONResponse:
        log.info("%s", error)
        return _problem(410, "that version is no longer kept: begin again without cursor and version")

    @app.exception_handler(NothingPublished)
    def nothing(_: Request, error: NothingPublished) -> JSONResponse:
        return _problem(503, str(error))

    @app.exception_handler(UserError)
    def broken(_: Request, error: UserError) -> JSONResponse:
        log.error("%s", error)
        return _problem(503, "the warehouse cannot be asked now: the server's log says why")


def _problem(status: int, words: str) -> JSONResponse:
    return JSONResponse(Problem(detail=words).model_dump(), status)


def _describe(app: FastAPI) -> None:
    """Add the row of each table to the description, with its units and meanings from the catalog."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            told["components"]["schemas"] |= row_schemas()
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]
