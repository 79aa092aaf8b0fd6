"""Sessions with Snowflake: statements, bounded retry, and errors as one clear line.

Belongs here: everything that knows the connector's errors. How a connection is made is given from outside
(`Connect`), because in the graph that is Dagster's Snowflake resource. Does not belong here: SQL of loads or tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from snowflake.connector import SnowflakeConnection, errors
from snowflake.connector.cursor import SnowflakeCursor
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from mistwan_dagster.errors import UserError

Connect = Callable[[], AbstractContextManager[SnowflakeConnection]]
T = TypeVar("T")
ATTEMPTS = 3
RETRYABLE = (
    errors.OperationalError,
    errors.InternalServerError,
    errors.ServiceUnavailableError,
    errors.GatewayTimeoutError,
    errors.BadGatewayError,
    errors.RequestTimeoutError,
    errors.TooManyRequests,
    errors.OtherHTTPRetryableError,
    errors.RequestExceedMaxRetryError,
    errors.PresignedUrlExpiredError,
)
"""What the connector itself calls retryable: the network and the service, never a statement that is wrong."""


class Overtaken(errors.OperationalError):
    """Another load has committed since this one looked, so what it saw no longer holds: all of it again."""


@dataclass(frozen=True)
class Target:
    """Where a session goes and as whom, for messages. No secrets."""

    account: str
    user: str
    database: str
    schema: str
    role: str | None = None
    warehouse: str | None = None


@dataclass
class Session:
    """An open session that remembers the ids of its statements."""

    connection: SnowflakeConnection
    statements: list[str | None] = field(default_factory=list)
    """Query id of each statement, None where Snowflake gives none (PUT)."""

    def execute(self, sql: str, values: list[Any] | None = None) -> SnowflakeCursor:
        """Run one statement with bound parameters. Raises the connector's errors."""
        cursor = self.connection.cursor()
        cursor.execute(sql, values or None)
        self.statements.append(cursor.sfqid)
        return cursor

    def rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        return list(self.execute(sql, values).fetchall())


def in_session(connect: Connect, target: Target, work: Callable[[Session], T], attempts: int = ATTEMPTS) -> T:
    """Open a session, do the work, close it; all of it again after an error that is retryable.

    So the work must be repeatable as a whole. Raises UserError with the mend for everything Snowflake refuses.
    """
    again = Retrying(
        retry=retry_if_exception(is_retryable),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    try:
        return again(lambda: _once(connect, work))
    except errors.Error as error:
        raise explained(error, target) from None


def _once(connect: Connect, work: Callable[[Session], T]) -> T:
    with connect() as connection:
        try:
            return work(Session(connection))
        finally:
            with suppress(errors.Error):  # the connection may be what was lost
                connection.close()


def is_retryable(error: BaseException) -> bool:
    """Whether the connector calls the error one of the network or the service."""
    return isinstance(error, RETRYABLE) and not isinstance(error, errors.NonRetryableTlsError)


_MENDS: tuple[tuple[str, str], ...] = (
    (
        r"overtaken by another load",
        "let other loads commit before this one each time: run it again",
    ),
    (
        r"390144|390145|jwt token|public key",
        "refused the key of user {user}: it expired or is not the user's; set its public key again "
        "(`ALTER USER {user} SET RSA_PUBLIC_KEY = ...`) or mend SNF_PRIVATE_KEY_FILE",
    ),
    (
        r"390100|390101|390102|incorrect username or password",
        "refused the sign-in of user {user}: check SNF_USER and SNF_PRIVATE_KEY_FILE or SNF_PASSWORD",
    ),
    (
        r"390189|390186|role .* is not granted|role requested",
        "does not grant role {role} to user {user}: set SNF_ROLE, or grant it as sql/snowflake/setup does",
    ),
    (
        r"390318|390114|token .*expired",
        "says that the sign-in of user {user} has expired: sign in again, or renew the key or token",
    ),
    (
        r"390422|not allowed to access snowflake",
        "does not accept this machine's address: ask for it in the account's network policy",
    ),
    (
        r"resource monitor|090073|90073",
        "has stopped warehouse {warehouse}: its resource monitor is used up; raise its quota or wait",
    ),
    (
        r"000606|\b606\b|no active warehouse|warehouse .*(suspended|cannot be resumed)",
        "has no running warehouse {warehouse}: check SNF_WAREHOUSE, resume it, or grant USAGE on it to role {role}",
    ),
    (
        r"390201|account .*(not found|does not exist)|\b404\b|name or service not known|getaddrinfo",
        "does not know account {account}: check SNF_ACCOUNT (orgname-accountname) and SNF_HOST",
    ),
    (
        r"003001|\b3001\b|insufficient privileges",
        "does not let role {role} do this: set SNF_ROLE, or grant what sql/snowflake/setup grants",
    ),
    (
        r"90105|90106|does not exist or not authorized|does not have a current|does not exist",
        "finds no such object in {database}.{schema}, or role {role} may not see it: "
        "run `mistwan warehouse init`, or check SNF_DATABASE, SNF_SCHEMA and SNF_ROLE",
    ),
    (
        r"000604|\b604\b|statement timeout|statement .*cancell?ed",
        "cancelled a statement: it took longer than SNF_STATEMENT_TIMEOUT_S, or somebody cancelled it",
    ),
)


def explained(error: errors.Error, target: Target) -> UserError:
    """One line that names the mend. The connector's own text follows, in one line too; it holds no secrets."""
    reason = " ".join(str(error.msg or error).split())[:300]
    told = f"{error.errno or ''} {reason}".lower()
    known = {
        "account": target.account,
        "user": target.user,
        "role": target.role or "(default)",
        "warehouse": target.warehouse or "(default)",
        "database": target.database,
        "schema": target.schema,
    }
    for pattern, mend in _MENDS:
        if re.search(pattern, told):
            return UserError(f"Snowflake {mend.format(**known)} ({reason})")
    if is_retryable(error):
        return UserError(
            f"Snowflake account {target.account} cannot be reached or failed {ATTEMPTS} times: "
            f"check SNF_ACCOUNT, SNF_HOST and the network, then run the command again ({reason})"
        )
    return UserError(f"Snowflake refused a statement ({reason})")
