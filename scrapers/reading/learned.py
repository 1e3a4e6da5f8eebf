"""Chrome that no rule knows yet: lines that recur at the edges of the pages of one host and template.

Learning and applying are pure. Only whole lines at the head or the tail are learned, never a heading, a date, a
signature, an attachment, a number of a table or a closing formula: those recur because reports do.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scrapers.reading.dates import find_date
from scrapers.reading.render import heading_level

_EDGE = 8
"""Lines at each end of a page that are looked at."""
_SPACES = re.compile(r"\s+")
_PROTECTED = re.compile(
    r"(?:政府|委员会|办公室|局|厅|部|院|处|所|站|中心|委|会|公司|大队|支队|街道|街道办事处|办事处|镇|乡)[）)]?$"
    r"|^[（(]?(?:此件|特此|附件|附[:：]|抄送|备注|注[:：]|联系人|联系电话|单位[:：])|[\t]|^[\d\s.,%/-]+$"
    r"|\.(?:pdf|docx?|xlsx?|wps|et|ofd|zip|rar)$",
    re.I,
)
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class LearnedRule:
    """One line that is chrome on the pages it was learned from."""

    id: str
    """First twelve hex digits of the line's SHA-256: the same line has the same id wherever it is learned."""
    line: str
    """Without white space."""
    where: str
    """``head`` or ``tail``."""
    seen: int
    """Pages that have it at that end."""
    of: int
    """Pages that were looked at."""


def learn_chrome(
    pages: Iterable[Sequence[str]], *, min_pages: int = 4, min_share: float = 0.6
) -> tuple[LearnedRule, ...]:
    """Rules for the lines that stand at the same end of at least ``min_pages`` and ``min_share`` of the pages.

    ``pages`` are the lines of texts (``Draft.text.split("\\n")``) of different documents of one host and template; a
    document given twice must be given once, or its own words look like chrome. Fewer pages than ``min_pages`` teach
    nothing.
    """
    texts = [[_SPACES.sub("", line) for line in lines if line.strip()] for lines in pages]
    if len(texts) < min_pages:
        return ()
    counted: dict[str, Counter[str]] = {"head": Counter(), "tail": Counter()}
    for lines in texts:
        # A page shorter than both edges would show the same line at either end.
        edge = min(_EDGE, max(1, len(lines) // 2))
        counted["head"].update({line for line in lines[:edge] if _may_be_chrome(line)})
        counted["tail"].update({line for line in lines[-edge:] if _may_be_chrome(line)})
    needed = max(min_pages, min_share * len(texts))
    return tuple(
        LearnedRule(hashlib.sha256(line.encode()).hexdigest()[:12], line, where, seen, len(texts))
        for where, lines_seen in counted.items()
        for line, seen in sorted(lines_seen.items())
        if seen >= needed
    )


def _may_be_chrome(line: str) -> bool:
    return (
        1 < len(line) <= _LONGEST
        and not _PROTECTED.search(line)
        and not line.endswith(("。", "；"))
        and heading_level(line, "p") is None
        and find_date(line) is None
    )


def learned_removals(rules: Sequence[LearnedRule], lines: Sequence[str]) -> Mapping[int, str]:
    """Which of the lines (by index) a learned rule takes, as ``learned:<id>``.

    Edges are counted over lines that are not empty; lines already removed are given as ``""``.
    """
    open_lines = [(number, _SPACES.sub("", line)) for number, line in enumerate(lines) if line]
    taken: dict[int, str] = {}
    for where, edge in (("head", open_lines[:_EDGE]), ("tail", open_lines[-_EDGE:])):
        known = {rule.line: rule.id for rule in rules if rule.where == where}
        for number, line in edge:
            if line in known:
                taken[number] = f"learned:{known[line]}"
    # Never the whole body: a page that is nothing but such lines is short, not chrome.
    return {} if len(taken) == len(open_lines) else taken
