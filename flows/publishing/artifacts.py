"""What a publication shows in Prefect's UI: who published what, and whether the data is sound."""

from __future__ import annotations

from collections.abc import Sequence

from flows.runs.markdown import table
from warehouse.checks import CheckResult
from warehouse.query import Answer


def coverage_markdown(answer: Answer, overdue: Answer) -> str:
    """``answer``: a row a type and year, a column a state; ``overdue``: a row a publisher and type."""
    return "\n\n".join(
        [
            "Publishers by state of their report; [what each state means is in docs/dictionary.md].",
            table(answer.columns, answer.rows, rest="`nianbao coverage`"),
            f"### Overdue now: {len(overdue.rows)}",
            table(overdue.columns, overdue.rows, rest="`nianbao sql 'FROM overdue'`"),
        ]
    )


def quality_markdown(results: Sequence[CheckResult]) -> str:
    """Every check with what it found, the ones that found something first."""
    rows = [
        (
            r.check.name,
            r.check.severity if r.rows else "passed",
            len(r.rows),
            r.check.title,
            ", ".join(f"{name}={value}" for name, value in zip(r.columns, r.rows[0], strict=True)) if r.rows else "",
        )
        for r in sorted(results, key=lambda r: (not r.rows, r.check.severity, r.check.name))
    ]
    broken = sum(bool(r.rows) for r in results)
    return "\n\n".join(
        [
            f"{len(results)} checks, {broken} of them found rows that should not be there."
            + (" An error keeps the reader copy as it was." if broken else ""),
            table(("check", "result", "rows", "what its rows are", "for example"), rows, rest=""),
        ]
    )
