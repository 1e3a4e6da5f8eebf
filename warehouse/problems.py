"""What is wrong, as a question to the reader copy: the views ``problems`` and ``problem_groups``, narrowed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from warehouse.query import Answer, run_sql

KINDS: Final = (
    "listing",
    "page",
    "reading",
    "rejected row",
    "rejected batch",
    "run",
    "check",
    "archive",
    "column unknown",
)


def problem_table(reader: Path, *, source_id: str | None = None, kind: str | None = None, each: bool = False) -> Answer:
    """Problems by source and way of failing, or with ``each`` one by one; what a person cannot mend comes last.

    Raises ``NoReaderError`` where no copy has been published.
    """
    return run_sql(
        reader,
        f"FROM {'problems' if each else 'problem_groups'} "
        "WHERE ($source IS NULL OR source_id = $source) AND ($kind IS NULL OR kind = $kind) "
        "ORDER BY kind = 'column unknown', since, source_id, outcome",
        parameters={"source": source_id, "kind": kind},
    )
