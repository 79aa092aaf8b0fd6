"""No secret is in any output: each is set to a value that occurs nowhere else, and all that is written is searched.

What compresses or encodes is read by what wrote it; a value counts as found in base64, hex and percent-encoding too.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import polars as pl
import pytest
from fastapi.testclient import TestClient

from mistwan_dagster import cli as program
from mistwan_dagster.api.app import create_app
from mistwan_dagster.api.tokens import PREFIX, TokenFile
from mistwan_dagster.dashboard.serve import make_server
from mistwan_dagster.dashboard.sign_in import Proxy
from mistwan_dagster.kpi.thresholds import load_thresholds
from mistwan_dagster.reporting import pdf
from mistwan_dagster.settings import Settings
from mistwan_dagster.simulator.clock import Clock
from mistwan_dagster.simulator.server import Running, running
from mistwan_dagster.simulator.world import World
from mistwan_dagster.warehouse.duckdb import PublishedDuckDB
from mistwan_dagster_tests.dashboard.asking import ask_page, ask_rows

from .conftest import NOW, Cli, run_here
from .previous_home import unpack

OF_NO_SETTING = {
    "MISTWAN_ALERT_URL_NOC": "canary-alert-6d92f3b0e8a1475c",
    "token of the read API": "canary-reader-0f4e6a8b2c7d1935",
}
"""Secrets that `Settings` does not hold: the alerts file names the variable of the one, the other is made here."""
CANARIES = OF_NO_SETTING | {
    "MIST_API_TOKEN": "canary-token-7f3a91c2e85d4b60",
    "MISTWAN_DAGSTER_POSTGRES_URL": "canary-postgres-83e5d0b7c16f4a29",
    "MISTWAN_PROXY_SECRET": "canary-proxy-5b0e77d1f2a94c38",
    "MISTWAN_REPORT_MAIL": "canary-mail-1c7a40e95fd28b63",
    "REDIS_URL": "canary-redis-c41d08b9e6f73a52",
    "SNF_PASSWORD": "canary-snow-9a6f2e41b7d05c83",
    "SNF_PRIVATE_KEY": "canary-key-2d8b64f0a9c1e375",
    "SNF_PRIVATE_KEY_PASSPHRASE": "canary-phrase-e07c5a3d81f942b6",
}
ALERTS = """\
rules: {}
platform:
  disk_low: {free_pct: 100, severity: warning}
targets:
  noc: {url_env: MISTWAN_ALERT_URL_NOC}
routes:
  - {to: noc}
"""
ANSWERED = b'"magic"'
"""A credential that the simulated cloud tells of each device."""


def test_every_secret_setting_has_a_canary() -> None:
    secret = {n.upper() for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    assert secret == set(CANARIES) - set(OF_NO_SETTING)


# --- searching ----------------------------------------------------------------------------------------------


def forms(value: str) -> list[bytes]:
    """The value as it is, and as it could be hidden. Base64 depends on what stands before: three cuts of it."""
    raw = value.encode()
    cuts = [base64.b64encode(b"\0" * n + raw)[4 : 4 * (len(raw) // 3)] for n in range(3)]
    return [raw, raw.hex().encode(), quote(value, safe="").encode(), value[::-1].encode(), *cuts]


def texts(name: str, content: bytes) -> Iterator[bytes]:
    """A file's content, and what is in it where it compresses: Parquet, DuckDB, SQLite, ZIP (XLSX), gzip, PDF.

    The words of a PDF are numbers of glyphs in it: `spoken` has them before they are set.
    """
    yield content
    if content[:4] == b"PAR1":
        yield repr(pl.read_parquet_metadata(io.BytesIO(content))).encode()
        yield pl.read_parquet(io.BytesIO(content)).write_json().encode()
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from texts(member, archive.read(member))
    elif content[:2] == b"\x1f\x8b":
        yield from texts(name, gzip.decompress(content))
    elif content[:5] == b"%PDF-":
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
            with suppress(zlib.error):
                yield zlib.decompress(stream)
    elif content[:16] == b"SQLite format 3\0":
        yield from _tables(
            name, content, sqlite3.connect, "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
    elif content[8:12] == b"DUCK":
        yield from _tables(name, content, duckdb.connect, "SELECT table_name FROM duckdb_tables()")


def _tables(name: str, content: bytes, connect: object, listing: str) -> Iterator[bytes]:
    copy = Path(name).with_suffix(".searched") if Path(name).is_absolute() else None
    assert copy is not None
    copy.write_bytes(content)
    wal = Path(f"{name}-wal")
    if wal.exists():
        shutil.copy(wal, f"{copy}-wal")
    connection = connect(str(copy))  # type: ignore[operator]
    try:
        for (table,) in connection.execute(listing).fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield repr(rows).encode()
            for row in rows:  # Dagster stores some of its objects compressed
                for value in row:
                    if isinstance(value, bytes) and value[:2] == b"\x1f\x8b":
                        yield gzip.decompress(value)
    finally:
        connection.close()
        for left in copy.parent.glob(f"{copy.name}*"):
            left.unlink()


def found_in(name: str, content: bytes) -> list[str]:
    """Canaries, and the credential of answers, that a file or an answer holds."""
    found = []
    for text in texts(name, content):
        found += [
            f"{setting} in {name}" for setting, value in CANARIES.items() for f in forms(value) if f in text
        ]
        if ANSWERED in text:
            found.append(f"magic in {name}")
    return found


@pytest.fixture
def plain() -> pl.DataFrame:
    return pl.DataFrame({"text": [f"before {CANARIES['SNF_PASSWORD']} after"] * 3})


def test_the_search_finds_what_is_planted_in_every_form(tmp_path: Path, plain: pl.DataFrame) -> None:
    value = CANARIES["SNF_PASSWORD"]
    plain.write_parquet(tmp_path / "a.parquet")
    plain.to_pandas().to_excel(tmp_path / "a.xlsx", index=False)
    with duckdb.connect(str(tmp_path / "a.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE t AS SELECT * FROM range(100000)")
        warehouse.execute("INSERT INTO t VALUES (1)")
        warehouse.execute(f"CREATE TABLE s AS SELECT '{value}' || range AS x FROM range(5000)")
    with sqlite3.connect(tmp_path / "a.db") as ledger:
        ledger.execute("CREATE TABLE t (x)")
        ledger.execute("INSERT INTO t VALUES (?)", (gzip.compress(value.encode()),))
    (tmp_path / "a.pdf").write_bytes(
        b"%PDF-1.7\n1 0 obj\nstream\n" + zlib.compress(value.encode()) + b"\nendstream"
    )
    (tmp_path / "a.gz").write_bytes(gzip.compress(value.encode()))
    for n, text in enumerate((value, value.encode().hex(), quote(f"/{value}", safe=""), f"user:{value}")):
        (tmp_path / f"{n}.txt").write_text(text)
    for n, before in enumerate(("", "u", "us")):
        (tmp_path / f"{n}.b64").write_bytes(base64.b64encode(f"{before}{value}".encode()))
    files = sorted(tmp_path.iterdir())
    assert len(files) == 13
    for path in files:
        assert found_in(str(path), path.read_bytes()), path
    assert not found_in("innocent", b"canary-token-")


# --- what is searched ---------------------------------------------------------------------------------------


@pytest.fixture
def cloud() -> Iterator[Running]:
    with running(World(seed=3, sites=2), clock=Clock(NOW), token=CANARIES["MIST_API_TOKEN"]) as served:
        yield served


@pytest.fixture
def closed() -> Iterator[None]:
    """What the program does first: other users may not read what it writes."""
    before = os.umask(program.CLOSED_TO_OTHERS)
    yield
    os.umask(before)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The words of each PDF as its setter gets them, without the places where a word may break."""
    words: list[bytes] = []
    compile_ = pdf.typst.compile

    def noting(*arguments: Any, **options: Any) -> bytes:
        told = json.loads(options["sys_inputs"]["report"])
        words.append(json.dumps(told, ensure_ascii=False).replace(pdf.BREAK, "").encode())
        return compile_(*arguments, **options)

    monkeypatch.setattr(pdf.typst, "compile", noting)
    return words


@pytest.mark.usefixtures("closed")
def test_no_secret_is_in_any_output(
    cloud: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    spoken: list[bytes],
) -> None:
    cli = unpack(tmp_path)
    older = set(cli.home.rglob("*"))
    cli.settings |= {
        "MIST_API_BASE_URL": cloud.base_url, "MIST_API_TOKEN": cloud.token, "MIST_ORG_ID": cloud.org_id,
        "MISTWAN_PROXY_SECRET": CANARIES["MISTWAN_PROXY_SECRET"],
        "SNF_ACCOUNT": "acme", "SNF_USER": "svc", "SNF_HOST": "127.0.0.1", "SNF_PORT": "9", "SNF_PROTOCOL": "http",
        "SNF_LOGIN_TIMEOUT_S": "1", "SNF_NETWORK_TIMEOUT_S": "1",
        "SNF_PRIVATE_KEY_PASSPHRASE": CANARIES["SNF_PRIVATE_KEY_PASSPHRASE"],
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "")
    password = {"SNF_PASSWORD": CANARIES["SNF_PASSWORD"]}
    key = {"SNF_PRIVATE_KEY": CANARIES["SNF_PRIVATE_KEY"]}
    postgres = f"postgresql+psycopg2://user:{CANARIES['MISTWAN_DAGSTER_POSTGRES_URL']}@127.0.0.1:9/dagster"
    mail = {
        "MISTWAN_REPORT_MAIL": f"mailto://user:{CANARIES['MISTWAN_REPORT_MAIL']}@127.0.0.1:9?to=noc@example.com"
    }
    redis = {"REDIS_URL": f"redis://user:{CANARIES['REDIS_URL']}@127.0.0.1:9/0"}
    url = CANARIES["MISTWAN_ALERT_URL_NOC"]
    (tmp_path / "alerts.yaml").write_text(ALERTS)
    (tmp_path / "url.yaml").write_text(f"targets: {{noc: json://{url}}}")
    alerting = {
        "MISTWAN_ALERTS_FILE": str(tmp_path / "alerts.yaml"),
        "MISTWAN_ALERT_URL_NOC": f"json://user:{url}@127.0.0.1:9/{url}?+X-Key={url}",
    }
    good = [
        ["api", "tokens"],
        ["collect"],
        ["aggregate", "latest"],
        ["check"],
        ["circuits"],
        ["export", "fact_circuit_hour", "--output", str(tmp_path / "out.csv")],
        ["export", "dim_circuit", "--format", "xlsx", "--output", str(tmp_path / "out.xlsx")],
        ["export", "dim_site", "--format", "parquet", "--output", str(tmp_path / "out.parquet")],
        ["sla", "--provider", "Union Fibre", "--month", "2025-03", "--out", str(tmp_path / "out.sla.xlsx")],
        ["backup", str(tmp_path / "backup")],
        ["metrics"],
    ]

    def run(arguments: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
        return run_here(monkeypatch, capfd, arguments, {**cli.environment(), **settings})

    with monkeypatch.context() as known:
        known.setattr(secrets, "token_urlsafe", lambda _: CANARIES["token of the read API"])
        made = run(["api", "token", "--name", "bi", "--scope", "read:all"])
    assert made.stdout == f"{PREFIX}{CANARIES['token of the read API']}\n", "shown once, here alone"
    made.stdout = ""

    said = {" ".join(arguments): run(arguments) for arguments in good}
    assert {name: done.returncode for name, done in said.items()} == dict.fromkeys(said, 0), said[
        "check"
    ].stdout
    said["api token"] = made
    said["alerts run"] = run(["alerts", "run"], **alerting)
    assert "waiting for noc: opened of alert" in said["alerts run"].stderr
    token = CANARIES["MIST_API_TOKEN"]
    failing = {
        "wrong token": (["collect"], {"MIST_API_TOKEN": f"{token}x"}, "was refused"),
        "no header": (["collect"], {"MIST_API_TOKEN": f"{token} x"}, "MIST_API_TOKEN"),
        "redis gone": (["collect"], redis, "REDIS_URL"),
        "redis wrong": (["check"], {"REDIS_URL": f"http://{CANARIES['REDIS_URL']}"}, "REDIS_URL"),
        "snowflake gone": (["warehouse", "diff"], {**password, "MISTWAN_WAREHOUSE": "snowflake"}, "Snowflake"),
        "key wrong": (["warehouse", "diff"], {**key, "MISTWAN_WAREHOUSE": "snowflake"}, "SNF_PRIVATE_KEY"),
        "postgres elsewhere": (["collect"], {"MISTWAN_DAGSTER_POSTGRES_URL": postgres}, "MISTWAN_DAGSTER_POSTGRES_URL"),
        "mail not taken": (["report", "daily", "--mail"], mail, "address 1"),
        "receiver gone": (["alerts", "test", "noc"], alerting, "noc"),
        "no receiver": (["alerts", "test", "noc"], alerting | {"MISTWAN_ALERT_URL_NOC": url}, "apprise"),
        "url in the file": (["alerts", "run"], {"MISTWAN_ALERTS_FILE": str(tmp_path / "url.yaml")}, "is a secret"),
        "alert waits": (["check"], alerting, "FAIL  alerts"),
        "two ways": (["query", "SELECT 1"], {**key, **password, "MISTWAN_WAREHOUSE": "snowflake"}, "SNF_PASSWORD"),
    }  # fmt: skip
    for name, (arguments, settings, reason) in failing.items():
        said[name] = run(arguments, **settings)
        assert said[name].returncode != 0, name
        assert reason in said[name].stdout + said[name].stderr, f"{name}: {said[name]}"

    problems = [
        p for name, done in said.items() for p in found_in(name, (done.stdout + done.stderr).encode())
    ]
    for name, answer in (*answers(cli), *api_answers(cli)):
        problems += found_in(name, answer)
    assert spoken
    for words in spoken:
        problems += found_in("words of a PDF", words)
    files = [p for folder in (cli.home, tmp_path / "backup") for p in folder.rglob("*") if p.is_file()]
    files += list(tmp_path.glob("out.*"))
    for path in files:
        problems += found_in(str(path), path.read_bytes())
    assert not problems

    kinds = {path.suffix for path in files}
    assert {
        ".parquet",
        ".duckdb",
        ".db",
        ".sqlite",
        ".yaml",
        ".jsonl",
        ".csv",
        ".xlsx",
        ".html",
        ".pdf",
    } <= kinds
    (waiting,) = [json.loads(p.read_text()) for p in (cli.home / "state" / "alerts" / "outbox").iterdir()]
    assert (waiting["target"], waiting["error"]) == ("noc", "not reached or refused")
    assert (tmp_path / "backup" / "state" / "api-tokens.json").exists()
    everybody = [str(p) for p in files if p not in older and p.stat().st_mode & 0o007]
    assert not everybody, "files that other users may read"
    inventory = pl.read_parquet(next((cli.home / "lake" / "raw" / "inventory").rglob("*.parquet")))
    assert inventory.height >= 2
    assert "magic" not in inventory.columns
    assert not inventory["extra"].str.contains("magic").any()


def answers(cli: Cli) -> Iterator[tuple[str, bytes]]:
    """Pages, grids, exports and metrics of a dashboard behind a proxy, and its refusals."""
    secret, redis = CANARIES["MISTWAN_PROXY_SECRET"], CANARIES["REDIS_URL"]
    reader = PublishedDuckDB(cli.home / "warehouse")
    server = make_server(
        reader, lambda: NOW, load_thresholds(None), lambda: None, redis_url=f"redis://:{redis}@127.0.0.1:9/0",
        proxy=Proxy(secret, "X-Forwarded-User"),
    )  # fmt: skip
    client = server.test_client()
    yield "refused", client.get("/").get_data()
    headers = {"X-Mistwan-Proxy-Secret": secret, "X-Forwarded-User": "noc@example.com"}
    site = reader.query("SELECT site_id FROM dim_site ORDER BY 1 LIMIT 1").item()
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/healthz", "/metrics", "/export/dim_site.csv"):
        answer = client.get(path, headers=headers)
        yield path, answer.get_data()
        yield f"headers of {path}", str(answer.headers).encode()
    for path in ("/", "/overview", "/map", "/reports", f"/site/{site}", f"/service/{site}", "/nowhere"):
        answer = ask_page(client, path, headers=headers)
        assert answer.status_code == 200, path
        yield f"page {path}", answer.get_data()
        yield f"page {path}, read", json.dumps(answer.get_json()).encode()
    yield "grid", ask_rows(client, "nothing", {"startRow": 0, "endRow": 10}).get_data()
    assert re.search("site", client.get("/_dash-layout", headers=headers).get_data(as_text=True))


def api_answers(cli: Cli) -> Iterator[tuple[str, bytes]]:
    """What the read API answers with and without a token, with a wrong one, and while nothing is published."""
    tokens, token = (
        TokenFile(cli.home / "state" / "api-tokens.json"),
        f"{PREFIX}{CANARIES['token of the read API']}",
    )
    rows = "/v1/tables/dim_site"
    statuses = set()
    for folder in ("warehouse", "nowhere"):
        app = create_app(PublishedDuckDB(cli.home / folder), tokens, lambda: NOW)
        client = TestClient(app, base_url="http://127.0.0.1:8060")
        for sent in ("", f"Bearer {token}", f"Bearer {token}x", f"Basic {token}"):
            for path in ("/healthz", "/v1/openapi.json", "/v1/tables", f"{rows}/columns", rows, f"{rows}?format=csv",
                         f"{rows}?filter=x:eq:1", f"{rows}?cursor=x", f"{rows}?version=9", "/v1/tables/x"):  # fmt: skip
                answer = client.get(path, headers={"Authorization": sent} if sent else {})
                statuses.add(answer.status_code)
                yield f"API {path}", answer.content + str(answer.headers).encode()
    assert statuses == {200, 401, 404, 410, 422, 503}
