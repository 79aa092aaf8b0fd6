from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mistwan_dagster.errors import UserError
from mistwan_dagster.settings import Settings, load_settings

TOKEN = "a-secret-token-that-must-not-be-seen"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MIST_API_TOKEN", "MIST_ORG_ID", "MIST_API_BASE_URL", "MISTWAN_HOME", "MISTWAN_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIST_API_TOKEN", TOKEN)
    settings = load_settings()
    assert TOKEN not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.mist_api_token is not None
    assert settings.mist_api_token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://api.eu.mist.com", True),
        ("http://127.0.0.1:8800", True),
        ("http://localhost:8800/", True),
        ("http://api.mist.com", False),
        ("api.mist.com", False),
        ("ftp://127.0.0.1", False),
    ],
)
def test_only_https_or_plain_loopback(monkeypatch: pytest.MonkeyPatch, url: str, good: bool) -> None:
    monkeypatch.setenv("MIST_API_BASE_URL", url)
    if good:
        assert load_settings().mist_api_base_url == url.rstrip("/")
    else:
        with pytest.raises(UserError, match="MIST_API_BASE_URL: must be https://host") as caught:
            load_settings()
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/wan/", None),
        ("", None),
        ("/var/lib/lake", "must name an object store, for example s3://bucket/folder; for a folder"),
        ("nosuch://bucket/wan", "must name an object store"),
        ("file:///var/lib/lake", "must name an object store"),
        ("s3:///wan", "must name a bucket"),
        ("s3://key:abcdef@bucket/wan", "must hold neither user, password nor options"),
        ("s3://bucket/wan?secret=abcdef", "must hold neither user, password nor options"),
    ],
)
def test_the_lake_url_names_a_store_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, url: str, told: str | None
) -> None:
    monkeypatch.setenv("MISTWAN_LAKE_URL", url)
    if told is None:
        assert load_settings().mistwan_lake_url == (url.rstrip("/") or None)
        return
    with pytest.raises(UserError, match=f"MISTWAN_LAKE_URL: {told}") as caught:
        load_settings()
    assert caught.value.exit_code == 2
    assert "abcdef" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://:pa/ss@host:6379", "redis://:x@host:pass", "redis://host:99999"])
def test_a_redis_url_without_a_port_that_is_one_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(UserError, match="REDIS_URL: has no valid port") as caught:
        load_settings()
    assert "pa" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(("name", "most"), [("MISTWAN_RAW_DAYS", 36500), ("MISTWAN_FACT_MONTHS", 1200)])
def test_for_ever_is_a_hundred_years(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    monkeypatch.setenv(name, str(most))
    assert load_settings().now() - timedelta(days=36600) > datetime.min.replace(tzinfo=UTC)
    monkeypatch.setenv(name, str(most + 1))
    with pytest.raises(UserError, match=f"{name}: must be {most} or less"):
        load_settings()


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTWAN_WAREHOUSE", "oracle")
    monkeypatch.setenv("MISTWAN_CALL_BUDGET", "0")
    with pytest.raises(UserError, match=r"MISTWAN_WAREHOUSE.*MISTWAN_CALL_BUDGET"):
        load_settings()


def test_more_bad_days_than_days_are_refused_also_against_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MISTWAN_CHRONIC_BAD_DAYS", "8")
    with pytest.raises(
        UserError, match=r"MISTWAN_CHRONIC_WINDOW_DAYS: must be at least MISTWAN_CHRONIC_BAD_DAYS \(8\)"
    ):
        load_settings()
    monkeypatch.setenv("MISTWAN_CHRONIC_WINDOW_DAYS", "8")
    assert load_settings().mistwan_chronic_window_days == 8


def test_dotenv_is_read_and_missing_credentials_are_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MIST_ORG_ID=from-dotenv\nSOMETHING_ELSE=1\n")
    settings = load_settings()
    assert settings.mist_org_id == "from-dotenv"
    with pytest.raises(UserError, match="MIST_API_TOKEN is not set"):
        settings.credentials()


def test_an_empty_setting_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MISTWAN_HOME", "MIST_API_TOKEN", "MISTWAN_CALL_BUDGET", "SNF_PORT", "MIST_API_BASE_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("MISTWAN_REGION_PREFIX", "")
    settings, default = load_settings(), Settings.model_fields
    assert settings.mistwan_home == Path(".mistwan")
    assert (settings.mist_api_token, settings.snf_port) == (None, default["snf_port"].default)
    assert settings.mistwan_call_budget == default["mistwan_call_budget"].default
    assert settings.mist_api_base_url == "https://api.mist.com"
    assert settings.mistwan_region_prefix == ""


def test_naive_now_is_utc() -> None:
    settings = Settings(mistwan_now="2025-01-01T00:00:00", _env_file=None)
    assert settings.now().isoformat() == "2025-01-01T00:00:00+00:00"


def test_now_of_another_zone_is_utc() -> None:
    settings = Settings(mistwan_now="2025-01-15T00:30:00+02:00", _env_file=None)
    assert settings.now().isoformat() == "2025-01-14T22:30:00+00:00"


@pytest.mark.parametrize(
    ("name", "least", "why"),
    [("MISTWAN_RAW_DAYS", 29, "14 days"), ("MISTWAN_FACT_MONTHS", 13, "13 months")],
)
def test_retention_is_never_shorter_than_what_figures_need(
    monkeypatch: pytest.MonkeyPatch, name: str, least: int, why: str
) -> None:
    monkeypatch.setenv(name, str(least))
    load_settings()
    monkeypatch.setenv(name, str(least - 1))
    with pytest.raises(UserError, match=f"{name}: must be {least} or more: .*{why}") as caught:
        load_settings()
    assert caught.value.exit_code == 2


def test_a_degraded_score_is_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTWAN_SLE_DEGRADED_BELOW", "90")
    with pytest.raises(UserError, match=r"MISTWAN_SLE_DEGRADED_BELOW.*less than or equal to 1"):
        load_settings()


def test_the_url_of_a_receiver_is_a_secret_from_the_environment_or_dotenv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"MISTWAN_ALERT_URL_MAIL=json://{TOKEN}\n")
    monkeypatch.setenv("MISTWAN_ALERT_URL_NOC", f"slack://{TOKEN}")
    settings = load_settings()
    assert settings.alert_url("MISTWAN_ALERT_URL_NOC").get_secret_value() == f"slack://{TOKEN}"
    assert TOKEN not in repr(settings.alert_url("MISTWAN_ALERT_URL_MAIL"))
    with pytest.raises(UserError, match="MISTWAN_ALERT_URL_OPS is not set: put it in"):
        settings.alert_url("MISTWAN_ALERT_URL_OPS")
