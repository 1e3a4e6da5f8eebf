"""Writes the documents of the loopback network from ``phrases.toml``: reports with their statutory parts, and the rest.

What is written depends on the publisher's name, the report type and the year alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from deployments.portal.documents import Block, Document, Heading, Paragraph
from deployments.portal.lot import Lot
from deployments.portal.publishers import PublisherPlan
from deployments.portal.statutory_tables import (
    applications_table,
    draw_applications,
    indicator_table,
    proactive_table,
    review_litigation_table,
)
from scrapers.records import Level, ReportType

_DIGITS = "〇一二三四五六七八九十"
_SCALED_FROM, _FULL_SCALE = 100, 250
"""Ranges that end at 100 or above are those of a publisher of this scale; a township's are shorter."""
_RANGE = re.compile(r"\{(\d+)(?:\.(\d))?-(\d+)(?:\.(\d))?\}")
_YEARS = re.compile(r"(\d{4})-(\d{4})\|")


@cache
def _phrases() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))
    return loaded


def numeral(number: int) -> str:
    """A whole number from 1 to 19 as Chinese headings write it: 一, 十, 十二."""
    return _DIGITS[number] if number <= 10 else "十" + _DIGITS[number - 10]


def fill(phrase: str, publisher: PublisherPlan, year: int, lot: Lot) -> str:
    """A phrase with its slots filled: numbers drawn, words put in."""

    def drawn(match: re.Match[str]) -> str:
        low, low_tenth, high, high_tenth = match.groups()
        if low_tenth is None:
            span = int(high) - int(low)
            if int(high) >= _SCALED_FROM:
                span = span * min(publisher.scale, _FULL_SCALE) // _FULL_SCALE
            return str(int(low) + lot.number(0, span))
        tenths = lot.number(int(low) * 10 + int(low_tenth), int(high) * 10 + int(high_tenth))
        return f"{tenths // 10}.{tenths % 10}"

    words = {"place": publisher.place, "whole": publisher.whole, "year": str(year), "next": str(year + 1)}
    for name, word in words.items():
        phrase = phrase.replace(f"{{{name}}}", word)
    return _RANGE.sub(drawn, phrase)


def _of_year(items: Sequence[str], year: int) -> list[str]:
    """The phrases that hold for a year, without their years."""
    kept = []
    for item in items:
        years = _YEARS.match(item)
        if years is None or int(years[1]) <= year <= int(years[2]):
            kept.append(item[years.end() :] if years else item)
    return kept


# --------------------------------------------------------------------------- 法治政府建设年度报告


def rule_of_law_blocks(publisher: PublisherPlan, year: int) -> tuple[Block, ...]:
    """Opening, the statutory parts in one of two orders, signature. 2,000 to 6,000 characters."""
    lot = Lot("rule_of_law", publisher.name, year)
    phrases = _phrases()["rule_of_law"]
    absent = (publisher.without or {}).get(year)

    def say(phrase: str) -> str:
        return fill(phrase, publisher, year, lot)

    measures: list[Block] = []
    topics = lot.some(phrases["topics"], lot.number(8, 10))
    for number, topic in enumerate(topics, 1):
        measures.append(Heading(f"（{numeral(number)}）{topic['heading']}", 2))
        items = lot.some(_of_year(topic["items"], year), lot.number(4, 6))
        middle = (len(items) + 1) // 2
        measures += [Paragraph("".join(map(say, part))) for part in (items[:middle], items[middle:]) if part]
    measures.append(Paragraph("".join(own_work(publisher, year))))
    parts: dict[str, tuple[str, list[Block]]] = {
        "measures": (say(lot.one(phrases["measures_headings"])), measures),
        "shortcomings": (
            say(lot.one(phrases["shortcomings_headings"])),
            [Paragraph(say(item)) for item in phrases["shortcomings"][: lot.number(4, 5)]],
        ),
        "leaders_duty": (
            say(lot.one(phrases["leaders_headings"])),
            [Paragraph(say(item)) for item in phrases["leaders_duty"][: lot.number(4, 5)]],
        ),
        "next_year": (
            say(lot.one(phrases["next_year_headings"])),
            [Paragraph(say(item)) for item in phrases["next_year"][: lot.number(4, 5)]],
        ),
    }
    order = lot.one(
        (
            ("measures", "shortcomings", "leaders_duty", "next_year"),
            ("measures", "shortcomings", "leaders_duty", "next_year"),
            ("leaders_duty", "measures", "shortcomings", "next_year"),
        )
    )
    blocks: list[Block] = [Paragraph(say(lot.one(phrases["opening"])))]
    for number, role in enumerate([role for role in order if role != absent], 1):
        heading, body = parts[role]
        blocks += [Heading(f"{numeral(number)}、{heading}", 1), *body]
    return tuple(blocks)


def own_work(publisher: PublisherPlan, year: int) -> list[str]:
    """Sentences on the publisher's own work; some stand for two or three years in a row, as in real reports.

    In a year in which it borrows they are another publisher's. Two themes of governments come up in the years since
    which they are talked of.
    """
    phrases = _phrases()["rule_of_law"]
    lender = (publisher.borrows or {}).get(year, publisher.name)
    sentences = []
    for number, years in enumerate((2, 2, 3, 3)):
        lot = Lot("own work", lender, number, (year + number) // years)
        sentences.append(f"{lot.one(phrases['local_beginnings'])}，{lot.one(phrases['local_ends'])}")
    if publisher.level is Level.DEPARTMENT:
        return sentences[:2]
    themes = Lot("themes", publisher.name)
    reform_since, business_since = themes.number(2021, 2024), themes.number(2017, 2021)
    if publisher.level in (Level.CITY, Level.COUNTY, Level.TOWNSHIP) and year >= reform_since:
        sentences.insert(2, phrases["reform"])
    if year >= business_since:
        sentences.append(phrases["business"])
    return sentences


# --------------------------------------------------------------------------- 政府信息公开工作年度报告


def disclosure_blocks(publisher: PublisherPlan, year: int) -> tuple[Block, ...]:
    """The six parts with their tables in the format that was in force for the report year."""
    lot = Lot("disclosure", publisher.name, year)
    phrases = _phrases()["disclosure"]

    def say(phrase: str) -> str:
        return fill(phrase, publisher, year, lot)

    overview = [Paragraph(say(item)) for item in _of_year(phrases["overview"], year)]
    problems = [Paragraph(say(item)) for item in phrases["problems"]]
    if year < 2019:
        table = indicator_table(lot, scale=publisher.scale, year=year)
        return (
            Paragraph(say(phrases["old_overview"][0])),
            Heading("一、概述", 1),
            *overview,
            Heading("二、存在的主要问题及改进情况", 1),
            *problems,
            Heading("三、附表", 1),
            table,
        )
    numbers = draw_applications(lot, scale=publisher.scale, year=year)
    return (
        Paragraph(say(phrases["opening"][0])),
        Heading("一、总体情况", 1),
        *overview,
        Heading("二、主动公开政府信息情况", 1),
        proactive_table(lot, scale=publisher.scale, year=year),
        Heading("三、收到和处理政府信息公开申请情况", 1),
        applications_table(numbers, year),
        Heading("四、政府信息公开行政复议、行政诉讼情况", 1),
        review_litigation_table(lot, scale=publisher.scale),
        Heading("五、存在的主要问题及改进情况", 1),
        *problems,
        Heading("六、其他需要报告的事项", 1),
        Paragraph(say(lot.one(phrases["other"]))),
    )


# --------------------------------------------------------------------------- documents

_TITLES = {
    ReportType.RULE_OF_LAW: (
        "{place}{year}年法治政府建设年度报告",
        "{year}年{place}法治政府建设工作报告",
        "{place}{year}年度法治政府建设情况报告",
        "关于{place}{year}年法治政府建设情况的报告",
    ),
    ReportType.DISCLOSURE: (
        "{place}{year}年政府信息公开工作年度报告",
        "{year}年{place}政府信息公开工作年度报告",
        "{place}{year}年度政府信息公开工作年度报告",
    ),
}
_BARE_TITLES = {
    ReportType.RULE_OF_LAW: "关于{place}法治政府建设情况的报告",
    ReportType.DISCLOSURE: "{place}政府信息公开工作年度报告",
}


def report(publisher: PublisherPlan, report_type: ReportType, year: int, *, serial: int) -> Document:
    """The publisher's report for a year, published in the first months of the next."""
    lot = Lot("report", publisher.name, report_type, year)
    style = Lot("style", publisher.name, report_type).one(_TITLES[report_type])
    title = fill(_BARE_TITLES[report_type] if year in publisher.bare_title else style, publisher, year, lot)
    if year in publisher.late:
        day = date(year + 1, 4, 10) + timedelta(days=lot.number(0, 70))
    elif report_type is ReportType.DISCLOSURE and publisher.level == "department":
        day = date(year + 1, 1, 8) + timedelta(days=lot.number(0, 20))
    else:
        day = date(year + 1, 1, 18) + timedelta(days=lot.number(0, 66))
    compose = rule_of_law_blocks if report_type is ReportType.RULE_OF_LAW else disclosure_blocks
    signed = day - timedelta(days=lot.number(1, 9))

    def blocks() -> tuple[Block, ...]:
        return (
            *compose(publisher, year),
            Paragraph(publisher.name, right=True),
            Paragraph(f"{signed.year}年{signed.month}月{signed.day}日", right=True),
        )

    return _document(publisher, lot, title, day, signed, blocks, serial, report_type, year)


def _document(
    publisher: PublisherPlan,
    lot: Lot,
    title: str,
    day: date,
    written: date,
    compose: Callable[[], tuple[Block, ...]],
    serial: int,
    report_type: ReportType | None = None,
    report_year: int | None = None,
) -> Document:
    code = publisher.division_code or publisher.parent_division_code
    return Document(
        serial=serial,
        title=title,
        written=written,
        created=day + timedelta(days=lot.number(-6, 3)),
        published=datetime(day.year, day.month, day.day, lot.number(8, 17), lot.number(0, 59)),
        source=publisher.office,
        index_number=f"{code}ZF{lot.number(1, 99):02d}0000/{day.year}-{lot.number(10000, 79999)}",
        doc_number="" if lot.number(0, 2) else f"{publisher.place[0]}政〔{day.year}〕{lot.number(1, 60)}号",
        compose=compose,
        report_type=report_type,
        report_year=report_year,
    )


_FILLERS: Mapping[ReportType, tuple[tuple[str, str], ...]] = {
    ReportType.RULE_OF_LAW: (
        ("关于印发{place}{year}年法治政府建设工作要点的通知", "work_points"),
        ("{place}法治政府建设实施方案（{year}—{next}年）", "plan"),
        ("【文字解读】《{place}法治政府建设实施方案》政策解读", "interpretation"),
        ("关于开展{year}年度法治政府建设示范创建活动的通知", "notice"),
        ("{place}召开法治政府建设工作推进会", "news"),
    ),
    ReportType.DISCLOSURE: (
        ("{year}年{place}政府网站工作年度报表", "website_form"),
        ("关于做好{year}年政府信息公开工作年度报告编制和发布工作的通知", "notice"),
        ("{place}{year}年政务公开工作要点", "work_points"),
        ("《{place}政务公开工作要点》解读", "interpretation"),
    ),
}


def filler(publisher: PublisherPlan, report_type: ReportType, year: int, number: int, *, serial: int) -> Document:
    """The ``number``-th row of a year that is no report, published within the year."""
    kinds = _FILLERS[report_type]
    lot = Lot("filler", publisher.name, report_type, year, number)
    title, kind = kinds[(year + number) % len(kinds)]
    day = date(year, 1, 20) + timedelta(days=lot.number(0, 320))

    def blocks() -> tuple[Block, ...]:
        numbers = Lot("filler body", publisher.name, report_type, year, number)
        return tuple(Paragraph(fill(item, publisher, year, numbers)) for item in _phrases()["others"][kind])

    return _document(publisher, lot, fill(title, publisher, year, lot), day, day, blocks, serial)


def notice(publisher: str, day: date, *, serial: int) -> Document:
    """A short notice of ``day`` that is no report, for columns that grow while they are read."""
    text = f"{publisher}将于近期召开法治政府建设工作推进会，请各有关单位做好准备。"
    return Document(
        serial=serial,
        title=f"{publisher}关于召开法治政府建设工作推进会的通知（第{serial}号）",
        written=day,
        created=day,
        published=datetime(day.year, day.month, day.day, 18, 0),
        source=publisher,
        index_number=f"640000ZF010000/{day.year}-{serial % 100_000:05d}",
        doc_number="",
        compose=lambda: (Paragraph(text),),
    )
