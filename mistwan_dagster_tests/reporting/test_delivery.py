"""Reports by mail: to a mail server on loopback, once to each address, secrets unseen."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from mistwan_dagster.errors import UserError
from mistwan_dagster.reporting.delivery import deliver
from mistwan_dagster.reporting.document import Report, Section, Tile, Tiles
from mistwan_dagster_tests.dashboard.test_serve import free_port

REPORT = Report(
    "wan-daily-2024-02-29",
    "WAN daily operations",
    "Thursday, 29 February 2024",
    "Groceries",
    (),
    (
        Section(
            "The day",
            (Tiles((Tile("Availability", "98.579 %", "of 81.4 % observed"), Tile("Outages", "2"))),),
        ),
    ),
)
SECRET = "pass-word-of-the-mail"


class Inbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        content = envelope.content  # type: ignore[attr-defined]
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 taken"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    box = Inbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "wan-daily-2024-02-29.pdf", tmp_path / "wan-daily-2024-02-29.html"]
    for path in made:
        path.write_bytes(b"%PDF-1.7 " + path.name.encode())
    return made


def address(port: int, to: str) -> str:
    return f"mailto://127.0.0.1:{port}?from=wan@example.net&to={to}&mode=insecure"


def test_a_report_comes_once_to_each_address_with_its_files(
    inbox: tuple[Inbox, int], files: list[Path], tmp_path: Path
) -> None:
    box, port = inbox
    first, second = address(port, "noc@example.net"), address(port, "boss@example.net")
    assert deliver([first], REPORT, files, tmp_path / "notes") == 1
    assert deliver([first, second], REPORT, files, tmp_path / "notes") == 1
    assert deliver([first, second], REPORT, files, tmp_path / "notes") == 0
    assert [m["To"] for m in box.messages] == ["noc@example.net", "boss@example.net"]
    message = box.messages[0]
    assert message["Subject"] == "WAN daily operations, Thursday, 29 February 2024"
    attachments = {a.get_filename(): a.get_payload(decode=True) for a in message.iter_attachments()}
    assert attachments == {path.name: path.read_bytes() for path in files}
    body = message.get_body(("plain",))
    assert body is not None
    assert "Availability: 98.579 % (of 81.4 % observed)\nOutages: 2" in body.get_content().replace(
        "\r\n", "\n"
    )


def test_an_address_that_fails_is_named_by_its_place_and_the_others_are_served(
    inbox: tuple[Inbox, int], files: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box, port = inbox
    gone = f"mailto://wan:{SECRET}@127.0.0.1:1?from=wan@example.net&to=noc@example.net&mode=insecure"
    addresses = [gone, "no address", address(port, "noc@example.net")]
    with pytest.raises(
        UserError, match="was not delivered to address 1, 2 of 3 in MISTWAN_REPORT_MAIL"
    ) as raised:
        deliver(addresses, REPORT, files, tmp_path / "notes")
    assert len(box.messages) == 1
    assert SECRET not in str(raised.value) + caplog.text
    notes = "".join(p.read_text() + str(p) for p in (tmp_path / "notes").rglob("*.json"))
    assert "mailto" not in notes
    with pytest.raises(UserError, match="address 1, 2 of 3"):
        deliver(addresses, REPORT, files, tmp_path / "notes")
    assert len(box.messages) == 1
