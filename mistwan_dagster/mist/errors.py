"""What can go wrong between here and the Mist cloud.

Belongs here: the exceptions of this package. Each is a `UserError`, so that a command shows it as one line
without a traceback. Does not belong here: deciding which of them an answer deserves (`call.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mistwan_dagster.errors import UserError


class MistError(UserError):
    """A call failed for good; the text names the endpoint, the page, status and the cloud's own detail."""

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        page: int | None = None,
        status: int | None = None,
        detail: str | None = None,
        exit_code: int = 1,
    ) -> None:
        super().__init__(message, exit_code)
        self.endpoint = endpoint
        self.page = page
        self.status = status
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(cls: type[MistError], args: tuple[Any, ...], state: dict[str, Any]) -> MistError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class Refused(MistError):
    """401, or a token that cannot be one: MIST_API_TOKEN must be mended."""


class Forbidden(MistError):
    """403 or 404: the org, site or device is not there for this token."""


class BadRequest(MistError):
    """Any other 4xx: the cloud does not serve this request (an insight metric of some models, for one)."""


class Unreachable(MistError):
    """No answer at all after every attempt: name resolution, refused connection, time-out, TLS."""


class Unusable(MistError):
    """An answer came, but not one that may be stored: 5xx, a body that is not JSON, a page told twice."""


class Waiting(MistError):
    """No call may be made before `until`. `reason` says it in a few words, for what is put off."""

    reason = "no call can be made"

    def __init__(self, message: str, until: datetime, **context: Any) -> None:
        super().__init__(message, **context)
        self.until = until


class QuotaExhausted(Waiting):
    """The own budget of this clock hour is spent."""

    reason = "call budget spent"


class RateLimited(Waiting):
    """The cloud answered 429, now or to another process that uses the same token."""

    reason = "429 from the cloud"


FATAL: tuple[type[MistError], ...] = (Refused, Forbidden)
"""What no later call mends by itself: a person has to change a setting."""
