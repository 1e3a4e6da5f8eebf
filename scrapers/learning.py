"""Chrome learned from the held texts of one host: which recurring lines are the page's and not the report's.

A recurring line is the page's only where four things hold: it recurs at the same end of the texts that stood in one
kind of container (``scrapers.reading.learned``); on no page does it stand between sentences or rows of a table; it does
not read as a heading, a remark on what there is to report, or a contact; and no report on another host has it. Reports
of one publisher repeat much, and what is wrongly left in does less harm than what is wrongly cut.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scrapers.reading.assembly import restore
from scrapers.reading.learned import LearnedRule, learn_chrome
from scrapers.reading.sections import heading
from scrapers.records import HeldText

_SPACES = re.compile(r"\s+")
_RUNNING = re.compile(r"[。；;\t]")
"""What sentences and rows of tables have, and furniture has not."""
_OF_THE_REPORT = re.compile(
    r"报告|年报|法治|公开|^[（(]|[:：]|地址|邮编|邮政|电话|传真|邮箱|网址|签发|盖章|附表|附图|说明|单位|^无|没有|暂"
)
"""Titles, labelled statements, contacts, signatures, and remarks such as 本年度没有其他需要报告的事项."""
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class TemplateRule:
    """A rule with the container it was learned in."""

    container: str
    rule: LearnedRule


def learn_from(texts: Iterable[HeldText]) -> tuple[TemplateRule, ...]:
    """The rules that the texts of one host teach, as far as one host alone can tell."""
    by_container: dict[str, list[list[str]]] = {}
    for held in texts:
        whole = restore(held.text, held.cut)
        by_container.setdefault(held.container, []).append([_SPACES.sub("", line) for line in _lines(whole)])
    return tuple(
        TemplateRule(container, rule)
        for container, pages in by_container.items()
        for rule in learn_chrome(pages)
        if _may_be_furniture(rule.line) and all(_stands_outside(rule.line, lines) for lines in pages)
    )


def without_common(
    learned: Mapping[str, Sequence[TemplateRule]], hosts_of: Mapping[str, Collection[str]]
) -> dict[str, tuple[TemplateRule, ...]]:
    """``learned`` (by host) without the lines that reports on another host have too; ``hosts_of`` says which do."""
    return {
        host: tuple(one for one in rules if set(hosts_of.get(one.rule.line, ())) <= {host})
        for host, rules in learned.items()
    }


def _lines(text: str) -> list[str]:
    """Lines with something on them; a row of a table keeps marks between its cells, by which it is known for one."""
    return [line.replace("\t", "；") for line in text.split("\n") if line.strip()]


def _may_be_furniture(line: str) -> bool:
    running = _RUNNING.search(line) or heading(line) is not None
    return len(line) >= _SHORTEST and not running and not _OF_THE_REPORT.search(line)


def _stands_outside(line: str, page: Sequence[str]) -> bool:
    """Whether no running text stands on both sides of the line, wherever on the page it is."""
    running = [number for number, text in enumerate(page) if _RUNNING.search(text)]
    if not running:
        return True
    return not any(text == line and running[0] < number < running[-1] for number, text in enumerate(page))
