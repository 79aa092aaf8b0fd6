"""Fuzzed requests, valid and invalid by the API's own description: no 5xx, and answers as described."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mistwan_dagster.api.app import create_app
from mistwan_dagster.api.tokens import TokenFile
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB

from .conftest import NOW

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Not `positive_data_acceptance`: which columns can be asked for depends on the table, which JSON schema cannot say."""


@pytest.mark.parametrize(
    ("mode", "checks"),
    [(GenerationMode.POSITIVE, CHECKS), (GenerationMode.NEGATIVE, [*CHECKS, negative_data_rejection])],
    ids=["valid", "invalid"],
)
def test_requests_that_were_thought_up_get_the_answers_that_are_described(
    warehouse: Path, tokens: TokenFile, mode: GenerationMode, checks: list
) -> None:
    token = tokens.add("fuzz", ["read:all"], NOW, None)
    app = create_app(PublishedDuckDB(warehouse, keep_open=True), tokens, lambda: NOW)
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app, config=config)

    @given(case=schema.as_strategy(generation_mode=mode))
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    check()
