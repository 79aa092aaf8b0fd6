"""Reports by mail, or wherever Apprise delivers: once to each address, also when they are made again.

What was delivered is noted after it was, so that a kill between the two repeats a mail rather than losing it. Addresses
hold passwords: they are named by their place in the setting only.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from mistwan_dagster.errors import UserError
from mistwan_dagster.lake.files import LakePath, existing, write_json
from mistwan_dagster.reporting.document import Report

log = logging.getLogger(__name__)


def deliver(addresses: Sequence[str], report: Report, attachments: Sequence[Path], noted_in: LakePath) -> int:
    """Send the files to every address that has not had this report; returns how many it was sent to.

    Raises UserError naming the addresses (by place) that could not be reached, after all were tried.
    """
    todo = [(place, a, _note(noted_in, report, a)) for place, a in enumerate(addresses, 1)]
    failed, sent = [], 0
    for place, address, note in todo:
        if existing([note]):
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


def _note(folder: LakePath, report: Report, address: str) -> LakePath:
    return folder / report.name / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.json"


def _send(address: str, place: int, report: Report, attachments: Sequence[Path]) -> bool:
    from mistwan_dagster.notify.sender import send_files  # takes a second

    title = f"{report.title}, {report.period}"
    problem = send_files(SecretStr(address), title, report.headline(), attachments)
    if problem is not None:
        log.warning("address %d, such as mailtos://user:password@host?to=...: %s", place, problem)
    return problem is None
