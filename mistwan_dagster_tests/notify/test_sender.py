"""Real apprise against real receivers on loopback."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from apprise.plugins import pagerduty
from apprise.plugins.slack import NotifySlack
from pydantic import SecretStr

from mistwan_dagster.notify.message import Message, trial_message
from mistwan_dagster.notify.sender import DELIVERY_HEADER, send, send_files
from mistwan_dagster_tests.certificates import loopback_certificate
from mistwan_dagster_tests.receivers import mailbox, webhook

OPENED = Message("key-1", "abc", "opened", "critical", "[CRITICAL] outage: Store 1", "line one\n- line two")
CLOSED = Message("key-2", "abc", "closed", "critical", "[CLOSED] outage: Store 1", "it is over")
SECRET = "T0PSECRETWORD"


def sent(url: str, message: Message = OPENED) -> str | None:
    return send(SecretStr(url), message)


def test_a_webhook_gets_text_fields_and_a_key_of_its_own() -> None:
    with webhook() as hook:
        assert sent(hook.url) is None
        assert sent(hook.url, CLOSED) is None
    first, second = hook.bodies
    assert (first["title"], first["message"]) == (OPENED.title, OPENED.body)
    assert [(b["alert_id"], b["event"], b["severity"], b["type"]) for b in (first, second)] == [
        ("abc", "opened", "critical", "failure"),
        ("abc", "closed", "critical", "success"),
    ]
    assert [h[DELIVERY_HEADER] for h in hook.headers] == ["key-1", "key-2"]


def test_mail_arrives_whole() -> None:
    with mailbox() as box:
        assert sent(box.url) is None
    (mail,) = box.mails
    assert mail["Subject"] == OPENED.title
    assert mail["To"] == "noc@example.com"
    assert mail[DELIVERY_HEADER] == "key-1"
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",)) or mail
    assert "- line two" in part.get_content()


def test_names_in_a_mail_are_words_and_lines_stay_lines(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    file.write_text("figures")
    body = "Store <b>1</b> & Co\nsecond"
    with mailbox() as box:
        assert sent(box.url, replace(OPENED, body=body)) is None
        assert send_files(SecretStr(box.url), "title", body, [file]) is None
    for mail in box.mails:
        assert isinstance(mail, EmailMessage)
        kinds = {part.get_content_type(): part for part in mail.walk()}
        assert "text/html" not in kinds
        assert body in "\n".join(mail.get_body(("plain",)).get_content().splitlines())
    assert len(box.mails) == 2


def test_pagerduty_is_triggered_and_resolved_with_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as hook:
        address = f"http://127.0.0.1:{hook.port}/v2/enqueue"
        monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", address)
        for message in (OPENED, CLOSED):
            assert sent(f"pagerduty://{SECRET}@api/Store/WAN", message) is None
    assert [(b["event_action"], b["dedup_key"]) for b in hook.bodies] == [
        ("trigger", "mistwan-abc"),
        ("resolve", "mistwan-abc"),
    ]
    assert hook.bodies[0]["payload"]["summary"].startswith(OPENED.title)
    assert hook.bodies[0]["payload"]["severity"] == "critical"
    assert hook.bodies[0]["routing_key"] == SECRET


def test_slack_takes_what_its_plugin_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as hook:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{hook.port}/services")
        assert sent("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#noc") is None
        assert OPENED.title in str(hook.bodies[-1])
        assert hook.paths[-1].startswith("/services/T1JJ3T3L2")


def test_teams_takes_what_its_plugin_sends(tmp_path: Path) -> None:
    with webhook(loopback_certificate(tmp_path / "cert.pem")) as hook:
        assert sent(f"workflows://127.0.0.1:{hook.port}/Wf1/{SECRET}?verify=no") is None
        assert sent(f"workflows://127.0.0.1:{hook.port}/Wf1/{SECRET}") == "not reached or refused"
    (card,) = hook.bodies
    texts = [
        part["text"] for part in card["attachments"][0]["content"]["body"] if part["type"] == "TextBlock"
    ]
    assert texts == [OPENED.title, OPENED.body]
    assert hook.paths[0].startswith("/workflows/Wf1/triggers/manual/paths/invoke")


def test_a_receiver_that_refuses_or_is_down_is_told_without_its_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with webhook() as hook:
        hook.status = 503
        assert sent(f"json://user:{SECRET}@127.0.0.1:{hook.port}/{SECRET}") == "refused with HTTP status 503"
        assert hook.bodies == []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert sent(f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}") == "not reached or refused"
    assert (
        sent(f"nonsense://{SECRET}") == "the URL is none that apprise understands: see its list of services"
    )
    assert sent(f"slack://{SECRET}") == "the URL is none that apprise understands: see its list of services"
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        f"mailto://u:{SECRET}@127.0.0.1?from=m@example.net&to=a@example.net,b@example.net",
        "slack://TA1/TB2/TC3/#noc/#boss",
    ],
)
def test_a_url_of_several_recipients_is_refused_before_one_of_them_is_told(url: str) -> None:
    assert sent(url) == "the URL names 2 recipients: declare a target for each"


def test_a_trial_names_its_target() -> None:
    with webhook() as hook:
        assert sent(hook.url, trial_message("noc")) is None
    assert "'noc'" in hook.bodies[0]["message"]
    assert hook.bodies[0]["type"] == "info"
