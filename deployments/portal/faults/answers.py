"""Faults that are one fixed answer, read from ``answers.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults.fault import DETAILS, PAGES, Expected, Fault
from scrapers.records import Outcome

ANSWERS_FILE = Path(__file__).with_name("answers.toml")
_ON = {"pages": PAGES, "details": DETAILS}


def fixed_answers(path: Path = ANSWERS_FILE) -> tuple[Fault, ...]:
    """Every fault of the file. Raises ``KeyError`` or ``ValueError`` where it says something unknown."""
    return tuple(_fault(row) for row in tomllib.loads(path.read_text("utf-8"))["answer"])


def _fault(row: dict[str, Any]) -> Fault:
    charset = row.get("charset", "utf-8")
    content_type = ("Content-Type", f"text/html; charset={charset}")
    fixed = Answer(row["status"], row["body"].encode(charset), (content_type, *map(tuple, row.get("headers", ()))))

    def spoil(_: Asked, answer: Answer) -> Answer:
        return Answer(fixed.status, fixed.body, fixed.headers, answer.role)

    expected = Expected(Outcome(row["outcome"]), row.get("detail", ""), row.get("attempts", 1))
    after = row.get("after", 0)
    return Fault(
        row["name"],
        row["what"],
        spoil,
        _ON[row["on"]],
        times=row.get("times"),
        after=after,
        on_page=None if after else expected,
        on_list=expected if row["on"] == "pages" else None,
    )
