"""What is wrong, as a question to the reader copy: the views ``problems`` and ``problem_groups``, narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from warehouse.query import Answer, run_sql
from warehouse.storage.instants import kept

KINDS: Final = (
    "listing",
    "page",
    "reading",
    "attachment",
    "rejected row",
    "rejected batch",
    "run",
    "check",
    "archive",
    "decision",
    "correction",
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


def run_problem_groups(reader: Path, source_ids: Sequence[str], since: datetime) -> Answer:
    """Rows of ``problem_groups`` of these sources, and of none, that were seen after ``since`` (aware)."""
    return run_sql(
        reader,
        "FROM problem_groups WHERE last_seen_at >= $since "
        "AND (source_id IS NULL OR list_contains($sources, source_id)) ORDER BY things DESC, source_id, outcome",
        parameters={"sources": list(source_ids), "since": kept(since)},
    )


def run_refusals(reader: Path, run_id: str) -> dict[str, int]:
    """How many answers of a run were refusals (challenges, 403, robots.txt), by source; none, and it is left out."""
    answer = run_sql(
        reader,
        "SELECT b.source_id, count(*) FROM raw_captures c JOIN raw_batches b ON b.batch = c.batch "
        "WHERE b.run_id = $run AND c.outcome IN ('challenge', 'blocked', 'robots_denied') GROUP BY b.source_id",
        parameters={"run": run_id},
    )
    return {str(source_id): int(times) for source_id, times in answer.rows}
