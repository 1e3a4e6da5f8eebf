"""Which reports a column holds, told from its name and from the titles in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.judging.genre import judge_title
from scrapers.platforms import markup
from scrapers.records import ListRow, ReportType

_BOTH = re.compile(r"(?:政府)?(?:各类)?(?:年度报告|年报)(?:专栏|公开)?")
_TOPIC = re.compile(r"(?:法治政府(?:建设)?|依法行政|法治建设)(?:工作|情况|专栏|专题|公开|示范创建)*$")
_DISCLOSURE_TOPIC = re.compile(r"(?:政府)?信息公开(?:工作)?(?:年度)?(?:年报|报告)(?:专栏|公开)?$")
_OTHER = re.compile(
    r"动态|新闻|要闻|解读|文件|法规|规章|制度|计划|方案|指南|目录|要点|企业|财[政务]|统计|预决?算|监测|环境"
)
_FRAME = re.compile(r"^[\W_]+|[^\w)）]+$")
"""What menus write around a name: brackets, arrows, dots."""

_GENERAL_BELOW = 0.5
"""Share of rows that name reports below which a column without a report's name needs title rules."""
_INCLUDE = {ReportType.RULE_OF_LAW: "法治政府", ReportType.DISCLOSURE: "信息公开.*(年度报告|年报)"}


@dataclass(frozen=True, slots=True)
class NameReading:
    """What a column's name tells. ``sure``: the name is that of a report; else the column may hold others, too."""

    report_types: tuple[ReportType, ...]
    sure: bool


def read_name(name: str | None) -> NameReading:
    """The reports that a column called ``name`` may hold; none where the name speaks of something else.

    >>> [read_name(name).sure for name in ("法治政府建设年度报告", "双桥街道法治政府建设")]
    [True, False]
    >>> read_name("通知公告").report_types
    ()
    """
    plain = _FRAME.sub("", markup.collapsed(name or ""))
    if not plain or len(plain) > 40:
        return NameReading((), False)
    told = judge_title(plain).report_type
    if told is not None:
        return NameReading((told,), True)
    if _BOTH.fullmatch(plain):
        return NameReading((ReportType.RULE_OF_LAW, ReportType.DISCLOSURE), False)
    if _OTHER.search(plain):
        return NameReading((), False)
    if _DISCLOSURE_TOPIC.search(plain):
        return NameReading((ReportType.DISCLOSURE,), True)
    return NameReading((ReportType.RULE_OF_LAW,), False) if _TOPIC.search(plain) else NameReading((), False)


@dataclass(frozen=True, slots=True)
class RowsReading:
    """What the rows of a column tell."""

    report_types: tuple[ReportType, ...]
    """Those that titles name."""
    named: int
    """Rows whose title names a report."""
    include: tuple[str, ...]
    """Title rules where the column holds all kinds of papers; ``()`` where reports are its matter."""


def read_rows(name: str | None, rows: Sequence[ListRow]) -> RowsReading:
    """The reports that ``rows``, of a column called ``name``, are, and the titles it should be read for."""
    kinds = [judge_title(row.title).report_type for row in rows]
    types = tuple(kind for kind in ReportType if kind in kinds)
    named = sum(kind is not None for kind in kinds)
    is_general = not read_name(name).report_types and named < _GENERAL_BELOW * len(rows)
    return RowsReading(types, named, tuple(_INCLUDE[kind] for kind in types) if is_general else ())
