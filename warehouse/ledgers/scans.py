"""Files of reports that are pictures of text, with where their bytes are archived."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warehouse.database import writing


@dataclass(frozen=True, slots=True)
class Scan:
    """A file that was found to be a scan, as attached to one report."""

    digest: str
    """``sha256:`` of the file."""
    detail: str | None
    """Why it has no text, as it is held."""
    label: str
    url: str
    warc_file: str
    warc_offset: int
    source_id: str
    report_url: str
    page_capture_id: str
    """The answer that the report was read from last."""
    is_recognised: bool
    """Its text is held already, recognised by some engine."""


def scans(
    warehouse: Path, *, source_ids: Collection[str] = (), annexes: bool = False, recognised: bool = False
) -> tuple[Scan, ...]:
    """Scans of current reports, accepted or in quarantine, the newest report years first: those that hold a report's
    text; with ``annexes`` also those beside a text, with ``recognised`` also those whose text is held.

    One row a file and report. Raises as ``database.writing`` does.
    """
    if not warehouse.exists():
        return ()
    with writing(warehouse, "read which files are scans") as connection:
        rows = connection.execute(
            _SCANS, {"sources": list(source_ids), "annexes": annexes, "recognised": recognised}
        ).fetchall()
    return tuple(Scan(*row) for row in rows)


_SCANS: Final = """
SELECT a.digest, a.detail, a.label, a.url, c.warc_file, c.warc_offset, r.source_id, r.url, r.capture_id,
    f.confidence IS NOT NULL
FROM core_attachments a
JOIN core_reports r ON r.document_id = a.document_id AND r."version" = a."version"
JOIN raw_captures c ON c.capture_id = a.capture_id
LEFT JOIN core_file_texts f ON f.digest = a.digest
WHERE r.state IN ('accepted', 'quarantined') AND c.warc_file IS NOT NULL AND r.capture_id IS NOT NULL
    AND (a.outcome = 'needs_ocr' OR ($recognised AND f.confidence IS NOT NULL))
    AND ($annexes OR list_contains(r.flags, 'attachment_only') OR r.text_origin = 'recognised')
    AND (len($sources::VARCHAR[]) = 0 OR list_contains($sources::VARCHAR[], r.source_id))
ORDER BY r.report_year DESC NULLS LAST, r.url, a.position
"""
