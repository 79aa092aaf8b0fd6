"""Reports by mail, or wherever Apprise delivers: once to each address, also when they are made again.

What was delivered is noted after it was, so that a kill between the two repeats a mail rather than losing it. Addresses
hold passwords: they are named by their place in the setting only.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import write_json
from mistwan_dagster.reporting.document import Report

log = logging.getLogger(__name__)


def deliver(addresses: Sequence[str], report: Report, attachments: Sequence[Path], noted_in: Path) -> int:
    """Send the files to every address that has not had this report; returns how many it was sent to.

    Raises UserError naming the addresses (by place) that could not be reached, after all were tried.
    """
    todo = [(place, a, _note(noted_in, report, a)) for place, a in enumerate(addresses, 1)]
    failed, sent = [], 0
    for place, address, note in todo:
        if note.exists():
            continue
        if _send(address, place, report, attachments):
            write_json({"report": report.name, "files": [path.name for path in attachments]}, note)
            sent += 1
        else:
            failed.append(str(place))
    if failed:
        raise UserError(
            f"{report.name} was not delivered to address {', '.join(failed)} of {len(addresses)} in "
            "MISTWAN_REPORT_MAIL: see the log, mend the address or its server, and ask again; the files are kept"
        )
    return sent


def _note(folder: Path, report: Report, address: str) -> Path:
    return folder / report.name / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.json"


def _send(address: str, place: int, report: Report, attachments: Sequence[Path]) -> bool:
    from apprise import Apprise, AppriseAsset, NotifyFormat

    notifier = Apprise(asset=AppriseAsset(app_id="mistwan", secure_logging=True))
    if not notifier.add(address):
        log.warning(
            "address %d is none that Apprise knows, for example mailtos://user:password@host?to=...", place
        )
        return False
    title = f"{report.title}, {report.period}"
    return bool(
        notifier.notify(
            body=report.headline(),
            title=title,
            body_format=NotifyFormat.TEXT,
            attach=[str(path) for path in attachments],
        )
    )
