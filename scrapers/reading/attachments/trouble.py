"""Why a file is not read: raised by the readers, turned into an outcome in one place."""

from __future__ import annotations

from scrapers.records import FileOutcome


class FileTrouble(Exception):  # noqa: N818  # not always an error: a scan is sound, and only has no text
    """A file ends here. ``detail`` is for a reader: what is wrong, and what would help."""

    def __init__(self, outcome: FileOutcome, detail: str) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = detail
