"""The check ledger: what each live check of a column found, a line a check, in a file that is only ever added to.

``source_checks.jsonl`` lies in the data folder and needs no warehouse: a check is a look at a site, and is written down
where nobody has crawled yet. A run copies it to ``core_source_checks``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from scrapers.records import Outcome
from warehouse.storage.durability import append_lines, torn_or
from warehouse.storage.instants import kept

FILE_NAME: Final = "source_checks.jsonl"
_NEEDED: Final = ("checked_at", "source_id", "column_url", "outcome", "rows", "requests", "seconds")


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """One live check of one column."""

    checked_at: datetime
    """When it ended (UTC)."""
    source_id: str
    column_url: str
    outcome: Outcome
    """``ok`` only where nothing is known to be missing."""
    detail: str | None
    rows: int
    """Rows listed."""
    total_stated: int | None
    """Rows the site states; ``None`` where it states no total, 0 where it states that there are none."""
    pages: int
    """List pages read."""
    newest_row: date | None
    """Latest date beside a row, of whatever kind."""
    report_title: str | None
    """Title of the newest row that names a report."""
    report_url: str | None
    report_date: date | None
    requests: int
    """Requests sent, tries again included, robots.txt not."""
    seconds: float


@dataclass(frozen=True, slots=True)
class CheckLedger:
    """The ledger as read: its checks in the order of the file, and what could not be read of it."""

    checks: tuple[SourceCheck, ...] = ()
    troubles: tuple[str, ...] = ()
    """One sentence a line that is no check: ``file:line: why``. Such a line is skipped; nothing else is lost."""

    def of_column(self, source_id: str, column_url: str) -> tuple[SourceCheck, ...]:
        """The checks of one column, oldest first."""
        found = (each for each in self.checks if (each.source_id, each.column_url) == (source_id, column_url))
        return tuple(sorted(found, key=lambda each: each.checked_at))

    def last(self, source_id: str, column_url: str) -> SourceCheck | None:
        """The latest check of a column; ``None`` where it was never checked."""
        found = self.of_column(source_id, column_url)
        return found[-1] if found else None


def append_checks(path: Path, checks: Iterable[SourceCheck]) -> None:
    """Add ``checks`` to the ledger at ``path`` (made if absent), each on a line of its own, synced to disk."""
    lines = "".join(json.dumps(_as_json(check), ensure_ascii=False) + "\n" for check in checks).encode()
    if not lines:
        return
    append_lines(path, lines)


def read_checks(path: Path) -> CheckLedger:
    """The ledger at ``path``; an empty one where the file is not there. Raises ``OSError`` where it cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return CheckLedger()
    checks: list[SourceCheck] = []
    troubles: list[str] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            checks.append(_of_json(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            troubles.append(f"{path}:{number}: {torn_or(error, line, 'check')}")
    return CheckLedger(tuple(checks), tuple(troubles))


def load_source_checks(connection: duckdb.DuckDBPyConnection, checks: Iterable[SourceCheck]) -> int:
    """Add to ``core_source_checks`` the checks it does not hold; returns their number.

    ``connection`` is one of ``database.writing``. Checks that the file no longer holds are kept.
    """
    known = list(checks)
    table = pa.table(
        {
            "source_id": pa.array([check.source_id for check in known], pa.string()),
            "column_url": pa.array([check.column_url for check in known], pa.string()),
            "checked_at": pa.array([kept(check.checked_at) for check in known], pa.timestamp("us")),
            "outcome": pa.array([check.outcome.value for check in known], pa.string()),
            "detail": pa.array([check.detail for check in known], pa.string()),
            "rows": pa.array([check.rows for check in known], pa.int64()),
            "total_stated": pa.array([check.total_stated for check in known], pa.int64()),
            "pages": pa.array([check.pages for check in known], pa.int32()),
            "newest_row": pa.array([check.newest_row for check in known], pa.date32()),
            "report_title": pa.array([check.report_title for check in known], pa.string()),
            "report_url": pa.array([check.report_url for check in known], pa.string()),
            "report_date": pa.array([check.report_date for check in known], pa.date32()),
            "requests": pa.array([check.requests for check in known], pa.int32()),
            "seconds": pa.array([check.seconds for check in known], pa.float64()),
        }
    )
    connection.register("checks_in_file", table)
    try:
        row = connection.execute(
            "INSERT INTO core_source_checks BY NAME SELECT DISTINCT ON (source_id, column_url, checked_at) * "
            "FROM checks_in_file f WHERE NOT EXISTS (FROM core_source_checks c WHERE c.source_id = f.source_id "
            "AND c.column_url = f.column_url AND c.checked_at = f.checked_at)"
        ).fetchone()
    finally:
        connection.unregister("checks_in_file")
    return int(row[0]) if row is not None else 0


def _as_json(check: SourceCheck) -> dict[str, Any]:
    shown = asdict(check)
    shown["checked_at"] = check.checked_at.astimezone(UTC).isoformat(timespec="microseconds")
    for name in ("newest_row", "report_date"):
        shown[name] = shown[name].isoformat() if shown[name] is not None else None
    return shown


def _of_json(line: Any) -> SourceCheck:
    """A check of a later version may say more, which is left out; of an earlier one less, which is ``None``."""
    if not isinstance(line, Mapping):
        raise TypeError("no JSON object")
    missing = [name for name in _NEEDED if line.get(name) is None]
    if missing:
        raise ValueError(f"without {', '.join(missing)}")
    values: dict[str, Any] = {field.name: line.get(field.name) for field in fields(SourceCheck)}
    values["checked_at"] = _instant(line["checked_at"])
    values["outcome"] = Outcome(line["outcome"])
    values["pages"] = int(line.get("pages") or 0)
    for name in ("rows", "requests"):
        values[name] = int(line[name])
    values["seconds"] = float(line["seconds"])
    for name in ("newest_row", "report_date"):
        values[name] = date.fromisoformat(values[name]) if values[name] is not None else None
    return SourceCheck(**values)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"checked_at {text} has no time zone")
    return moment.astimezone(UTC)
