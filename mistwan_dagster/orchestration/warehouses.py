"""The warehouse that the settings name, and its connection: for Snowflake, Dagster's own resource.

Belongs here: settings -> connection arguments. The resource is made when a run opens the platform, never as part of
the definitions: Dagster stores the configuration of resources that are, and keys do not belong there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistwan_dagster.errors import UserError
from mistwan_dagster.settings import Settings
from mistwan_dagster.warehouse.duckdb import DuckDBWarehouse, PublishedDuckDB
from mistwan_dagster.warehouse.port import Reader, Warehouse

if TYPE_CHECKING:
    from dagster_snowflake import SnowflakeResource

    from mistwan_dagster.warehouse.snowflake_session import Connect, Target


def open_warehouse(settings: Settings, run_id: str) -> Warehouse:
    """Writing side. Raises UserError for settings that do not suffice; nothing is connected yet."""
    if settings.mistwan_warehouse == "duckdb":
        return DuckDBWarehouse(settings.warehouse, run_id)
    from mistwan_dagster.warehouse.snowflake import SnowflakeWarehouse

    return SnowflakeWarehouse(*snowflake(settings, run_id), run_id)


def open_reader(settings: Settings, keep_open: bool = False) -> Reader:
    """Reading side, kept open for a server. Raises UserError for wrong settings; nothing is connected yet."""
    if settings.mistwan_warehouse == "duckdb":
        return PublishedDuckDB(settings.warehouse, keep_open)
    from mistwan_dagster.warehouse.snowflake_reader import SnowflakeReader

    return SnowflakeReader(*snowflake(settings, "read"))


def snowflake(settings: Settings, run_id: str) -> tuple[Connect, Target]:
    """How to connect, and where to. Statements carry the tag `mistwan:<run>`. Raises UserError for wrong settings."""
    from mistwan_dagster.warehouse.snowflake_session import Target

    target = Target(
        settings.snf_account or "", settings.snf_user or "", settings.snf_database, settings.snf_schema,
        settings.snf_role, settings.snf_warehouse,
    )  # fmt: skip
    resource = snowflake_resource(settings, f"mistwan:{run_id or 'command'}")
    return resource.get_connection, target


def snowflake_resource(settings: Settings, query_tag: str) -> SnowflakeResource:
    """Dagster's Snowflake resource from the settings. Raises UserError naming what is missing or wrong."""
    from dagster_snowflake import SnowflakeResource

    if settings.mistwan_warehouse != "snowflake":
        raise UserError(
            "MISTWAN_WAREHOUSE is duckdb, this is for Snowflake: set it to snowflake", exit_code=2
        )
    for name in ("snf_account", "snf_user"):
        if not getattr(settings, name):
            raise UserError(f"{name.upper()} is not set: put it in the environment or in .env", exit_code=2)
    extra: dict[str, Any] = {
        "protocol": settings.snf_protocol,
        "session_parameters": {
            "QUERY_TAG": query_tag,
            "STATEMENT_TIMEOUT_IN_SECONDS": settings.snf_statement_timeout_s,
            "TIMEZONE": "UTC",
            "CLIENT_TELEMETRY_ENABLED": False,
        },
    }
    extra |= {k: v for k, v in {"host": settings.snf_host, "port": settings.snf_port}.items() if v}
    options: dict[str, Any] = {
        "account": settings.snf_account,
        "user": settings.snf_user,
        "database": settings.snf_database,
        "schema": settings.snf_schema,
        "role": settings.snf_role,
        "warehouse": settings.snf_warehouse,
        "paramstyle": "qmark",
        "autocommit": True,
        "login_timeout": settings.snf_login_timeout_s,
        "network_timeout": settings.snf_network_timeout_s,
        **_sign_in(settings),
        "additional_snowflake_connection_args": extra,
    }
    return SnowflakeResource(**{k: v for k, v in options.items() if v is not None})


def _sign_in(settings: Settings) -> dict[str, str]:
    """Exactly one way to sign in. Raises UserError when there is none or two, or the key cannot be read."""
    ways = {
        "SNF_PRIVATE_KEY_FILE": settings.snf_private_key_file,
        "SNF_PRIVATE_KEY": settings.snf_private_key,
        "SNF_PASSWORD": settings.snf_password,
        "SNF_AUTHENTICATOR": settings.snf_authenticator,
    }
    chosen = [name for name, value in ways.items() if value]
    if len(chosen) != 1:
        raise UserError(
            f"set exactly one of {', '.join(ways)} to sign in to Snowflake, "
            f"{'none is set' if not chosen else ' and '.join(chosen) + ' are set'}",
            exit_code=2,
        )
    if settings.snf_password:
        return {"password": settings.snf_password.get_secret_value()}
    if settings.snf_authenticator:
        return {"authenticator": settings.snf_authenticator}
    return _key(settings)


def _key(settings: Settings) -> dict[str, str]:
    from mistwan_dagster.warehouse.snowflake_key import read_key

    pem = settings.snf_private_key.get_secret_value() if settings.snf_private_key else None
    passphrase = settings.snf_private_key_passphrase
    secret = passphrase.get_secret_value() if passphrase else None
    return {"private_key": read_key(settings.snf_private_key_file, pem, secret)}
