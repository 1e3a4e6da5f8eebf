"""The queries of ``docs/questions.md`` and of the READMEs, and the answers below them.

A query is a fenced block of SQL; the Markdown table after it is its answer on the demo data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

_CHECKOUT = Path(__file__).parents[2]
PAGE = _CHECKOUT / "docs" / "questions.md"
PAGES = (PAGE, _CHECKOUT / "README.md", _CHECKOUT / "README.zh.md")
_QUERY = re.compile(r"```sql\n(?P<sql>.*?)\n```\n\n(?P<answer>(?:\|[^\n]*\n)*)\n?", re.DOTALL)


def queries(page: str) -> list[tuple[str, str]]:
    """Each query with the table that stands below it; an empty string where none does."""
    return [(match["sql"], match["answer"]) for match in _QUERY.finditer(page)]


def answered(page: str, answer: Callable[[str], str]) -> str:
    """The page with every answer as ``answer`` gives it."""
    return _QUERY.sub(lambda match: f"```sql\n{match['sql']}\n```\n\n{answer(match['sql'])}\n", page)


def answer_on(reader: Path) -> Callable[[str], str]:
    """What the reader copy answers, as a Markdown table; asked by a plain DuckDB, without anything of this program."""

    def answer(sql: str) -> str:
        with duckdb.connect(str(reader), read_only=True) as connection:
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return _table([names, ["---"] * len(names), *([_cell(value) for value in row] for row in found.fetchall())])

    return answer


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).replace("|", "\\|").replace("\n", " ")
