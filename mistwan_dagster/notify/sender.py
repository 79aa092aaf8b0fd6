"""One attempt to send one message, or files, through apprise.

Belongs here: the URL of a receiver, what its kind of receiver needs beside the text, and why an attempt failed, in
words that tell no secret. Does not belong here: retries and records of what was sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apprise
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.pagerduty import NotifyPagerDuty, PagerDutyAction
from pydantic import SecretStr

from mistwan_dagster.notify.message import Message

DELIVERY_HEADER = "X-Mistwan-Delivery"
"""Tells messages apart: one that is sent again after a kill has the same."""
_ASSET = apprise.AppriseAsset(
    app_id="mistwan", app_desc="mistwan", app_url="", image_url_mask="", image_url_logo=""
)
"""Receivers are shown this platform's name, and load no pictures from elsewhere."""
_KINDS = {"closed": apprise.NotifyType.SUCCESS, "test": apprise.NotifyType.INFO}
_LOG = logging.getLogger("apprise")
_HTTP = logging.getLogger("urllib3")
_STATUS = re.compile(r"error=(\d{3})\b")


def send(url: SecretStr, message: Message) -> str | None:
    """None when the receiver took the message, else why not. Never raises for what a receiver or its URL does.

    PagerDuty gets the alert's id as key, so that closing resolves what opening triggered and a repeat is none. A
    webhook (json) gets alert_id, event and severity as fields; webhooks and mail get each message's own id as a header.
    """

    def tell(receiver: apprise.NotifyBase) -> bool:
        if isinstance(receiver, NotifyPagerDuty):
            receiver.dedup, receiver.action = f"mistwan-{message.alert_id}", PagerDutyAction.MAP
        if isinstance(receiver, NotifyJSON):
            fields = {"alert_id": message.alert_id, "event": message.event, "severity": message.severity}
            receiver.payload_extras = fields | receiver.payload_extras
        headers = getattr(receiver, "headers", None)  # of webhooks and mail
        if isinstance(headers, dict):
            headers.setdefault(DELIVERY_HEADER, message.key)
        kind = _KINDS.get(message.event) or (
            apprise.NotifyType.FAILURE if message.severity == "critical" else apprise.NotifyType.WARNING
        )
        # A mail would be HTML, and names in it markup; chats show lists of the text as lists.
        text = apprise.NotifyFormat.TEXT if receiver.resolve_format() == apprise.NotifyFormat.HTML else None
        return bool(receiver.notify(message.body, message.title, notify_type=kind, body_format=text))

    return _attempt(url, tell)


def send_files(url: SecretStr, title: str, body: str, files: Sequence[Path]) -> str | None:
    """A text with attachments; answers as `send`."""

    def tell(receiver: apprise.NotifyBase) -> bool:
        attached = apprise.AppriseAttachment([str(path) for path in files])
        return bool(
            receiver.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT, attach=attached)
        )

    return _attempt(url, tell)


def _attempt(url: SecretStr, tell: Callable[[apprise.NotifyBase], bool]) -> str | None:
    with _quiet() as told:
        receiver = apprise.Apprise.instantiate(url.get_secret_value(), asset=_ASSET, suppress_exceptions=True)
        if receiver is None:
            return "the URL is none that apprise understands: see its list of services"
        if len(receiver) > 1:
            # Apprise says of all of them together whether they took it: who did would be told again with who did not.
            return f"the URL names {len(receiver)} recipients: declare a target for each"
        try:
            taken = tell(receiver)
        except Exception as error:  # whatever a plugin raises: the text may hold the URL, the kind does not
            return f"the sender failed: {type(error).__name__}"
    if taken:
        return None
    codes = [match[1] for text in told if (match := _STATUS.search(text))]
    return f"refused with HTTP status {codes[-1]}" if codes else "not reached or refused"


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Apprise's warnings as texts; nothing of them or of HTTP goes to any log: URLs, also in part, are secrets."""
    told: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    handler, before = Keeping(logging.WARNING), (_LOG.propagate, _LOG.level, list(_LOG.handlers))
    _LOG.propagate, _LOG.handlers = False, [handler]
    _LOG.setLevel(logging.WARNING)
    http_level = _HTTP.level
    _HTTP.setLevel(logging.CRITICAL)
    try:
        yield told
    finally:
        _HTTP.setLevel(http_level)
        _LOG.propagate, level, _LOG.handlers = before
        _LOG.setLevel(level)
