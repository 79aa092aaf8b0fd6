"""The one exception for everything a user can mend. Its text is shown as is, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A clear, one-line error: names the file, row, setting or endpoint, and the mend.

    `exit_code` is 1 for a failed operation, 2 for wrong usage or settings.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
