"""Bill of materials and audit of what is shipped: made by the targets that CI runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import cyclonedx.schema
import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = Path(str(cyclonedx.schema.__file__)).parent / "_res"
MINE = "mistwan-dagster"


@pytest.fixture
def audit() -> ModuleType:
    spec = spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shipped() -> dict[str, str]:
    """Name -> version of what the project needs, followed through the lock file on every platform."""
    packages = {p["name"]: p for p in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    found: set[tuple[str, str]] = set()
    waiting: list[tuple[str, str]] = [(MINE, "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        package = packages[name]
        needs = (
            package.get("optional-dependencies", {}).get(extra, [])
            if extra
            else package.get("dependencies", [])
        )
        if extra:
            waiting.append((name, ""))
        for need in needs:
            waiting += [(need["name"], e) for e in need.get("extra", [""])]
    return {name: packages[name]["version"] for name, _ in found if name != MINE}


def test_the_bill_of_materials_is_valid_and_names_every_locked_package(tmp_path: Path) -> None:
    target = tmp_path / "sbom.cdx.json"
    subprocess.run(["make", "sbom", f"SBOM={target}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    told = json.loads(target.read_text())
    kinds = ("bom-1.5", "spdx", "jsf-0.82")
    schemas = {kind: json.loads((SCHEMAS / f"{kind}.SNAPSHOT.schema.json").read_text()) for kind in kinds}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    Draft7Validator(schemas["bom-1.5"], registry=registry).validate(told)
    named = {c["name"]: c["version"] for c in told["components"]}
    assert named == shipped()
    assert len(named) > 80
    assert {"dagster", "polars", "duckdb", "mistapi"} <= set(named)
    assert "pytest" not in named


@contextmanager
def advisories(known: dict[str, str]) -> Iterator[str]:
    """A stand-in for OSV on loopback that knows a vulnerability of some packages; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            versions = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]}
            affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [versions]}
            vulns = [{"id": known[name], "affected": [affected]}] if name in known else []
            body = json.dumps({"vulns": vulns} if vulns else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run_audit(url: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", "--osv-url", url, "--timeout", "5"],
        capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path), "NO_PROXY": "*", "no_proxy": "*"},
    )  # fmt: skip


def test_a_known_vulnerability_fails_the_audit_and_is_named(tmp_path: Path) -> None:
    with advisories({"requests": "PYSEC-2030-1"}) as url:
        done = run_audit(url, tmp_path)
    assert done.returncode == 1, done.stderr
    version = shipped()["requests"]
    assert f"audit: requests {version}: PYSEC-2030-1, mended in 999.1" in done.stdout
    assert "1 vulnerabilities known" in done.stdout


def test_a_service_that_does_not_answer_is_never_a_pass(tmp_path: Path) -> None:
    done = run_audit("http://127.0.0.1:9/v1/query", tmp_path)
    assert done.returncode == 3
    assert "NOTHING WAS AUDITED" in done.stderr


def test_what_was_not_asked_for_is_told(audit: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    clean = {"name": "a", "version": "1", "vulns": []}
    assert audit.tell([clean]) == 0
    assert audit.tell([clean, {"name": "b", "skip_reason": "no answer"}]) == 3
    assert audit.tell([]) == 3
    assert "b WAS NOT AUDITED: no answer" in capsys.readouterr().err
