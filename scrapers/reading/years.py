"""Which year a report is about, and how we know.

Every place that states a year is kept as a candidate; one is chosen by stated rules, or none. The year of an index
number, of a 文号 or of a file that is cited is never a candidate, nor is the year for which a heading plans.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

from scrapers.reading.sections import Heading, heading, is_numbered, is_plan
from scrapers.records import Block, Flag, ReportType

_NUMERALS = str.maketrans("〇○零０ＯOοΟ一二三四五六七八九", "00000000123456789")
_HALF_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
_BLANK = r"[ \u3000\xa0]"
_ODD = re.compile("[０-９二一](?:(?<=[０-９])|(?<=二)[〇○零０ＯOοΟ]|(?<=一)九)")
"""What a text must hold, this or a blank, for any of the next four to apply."""
_FULL_WIDTH = re.compile("[０-９]+")
_SPOKEN = re.compile(r"(?:二[〇○零０ＯOοΟ]|一九)[〇○零０ＯOοΟ一二三四五六七八九]{2}(?=\s*年)")
_SPREAD = re.compile(rf"(?<!\d)2{_BLANK}*0{_BLANK}*\d{_BLANK}*\d(?={_BLANK}*年)")
_GAPS = re.compile(rf"(?<=\d){_BLANK}+(?=[年月日])|(?<=[年月]){_BLANK}+(?=[\d度])")
_YEAR = r"(?<!\d)(19[89]\d|20[0-4]\d)"
_DASH = r"\s*(?:[-—–－~～至到]|—{2}|-{2})\s*"
_RANGE = re.compile(rf"{_YEAR}\s*年?(?:度)?{_DASH}(20[0-4]\d)\s*年?")
_PERIOD = re.compile(
    rf"{_YEAR}年(\d{{1,2}})月(\d{{1,2}})日\s*(?:起|开始)?\s*[,，]?\s*(?:[-—–－~～至到]|截?止)+\s*(?:于)?"
    rf"(?:{_YEAR}年|同年|当年)?(\d{{1,2}})月(\d{{1,2}})日"
)
_MANY_YEARS = re.compile(r"[近过]?[三四五六七八九十2-9]年(?:来|间|工作|以来|法治)|十[一二三四]五(?:期间|时期)")
_REPORTED = re.compile(rf"(?:现将|现就|就|将)[^。]{{0,60}}?{_YEAR}\s*年度?[^。]{{0,60}}?(?:报告|汇报|公布|公告|报送)")
_THIS_YEAR = re.compile(r"今年以来|今年来|今年[,，]|本年度[,，]|一年来|过去一年|过去的一年")
_WHOLE_YEAR = re.compile(rf"{_YEAR}年(?:度|来|以来|全年)?(?!\d{{1,2}}月)")
"""A year that is no part of a day's date."""
_CITED_YEAR = re.compile(r"《[^》]*20\d\d")
_TABLE_YEAR = re.compile(rf"(?:^|\t){_YEAR}年度?(?:\t|$)")
_PERIOD_WORDS = re.compile(r"统计|期限|数据|时限|周期|期间|本报告")
_OPENING_PARAGRAPHS = 3
_SENTENCE = 30
"""A line longer than this is a paragraph, not a heading or a salutation."""
_LONGEST_LINE = 5_000
_LONGEST_TITLE = 500
_DEEPEST = 2
"""Headings down to （一） speak for the report; a year in 1. is a matter's own."""
_YEAR_ENDS = 11
"""From this month on, a report on the running year is what one expects; before it, a slip of the pen."""
_LOOKS_BACK = 6
"""Up to this month, 今年以来 in a yearly report speaks of the year before its publication."""


class YearCandidate(NamedTuple):
    """One place that states a year."""

    year: int
    origin: str
    """``title``, ``listed title``, ``period``, ``heading``, ``opening``, ``table``, ``plan`` or ``body``."""
    snippet: str


@dataclass(frozen=True, slots=True)
class YearJudgement:
    """The report year with its reason; ``None`` where the page does not settle it."""

    year: int | None
    reason: str
    candidates: tuple[YearCandidate, ...] = ()
    flags: tuple[Flag, ...] = ()
    """``multi_year`` (a review of several years), ``year_conflict`` (places that contradict each other)."""


def report_year(
    *,
    title: str | None,
    text: str,
    blocks: Sequence[Block] = (),
    report_type: ReportType | None,
    published: date | None,
    listed_title: str | None = None,
) -> YearJudgement:
    """The year a report is about.

    Disclosure reports state their period (统计期限自…起至…止), which comes first; else the title, unless its year is
    that of a publication before November and the text says otherwise or nothing; then period, headings, the opening
    sentence, the head of a statistics table, the year planned for less one, and 今年以来 with the publication date.
    A review of several years has no report year and the flag ``multi_year``.
    """
    stated_titles = (("title", title), ("listed title", listed_title))
    titles = [(origin, shown[:_LONGEST_TITLE]) for origin, shown in stated_titles if shown]
    several = next((f"{origin}: {shown}" for origin, shown in titles if _spans_years(shown)), None)
    by_title = [YearCandidate(year, origin, shown) for origin, shown in titles for year in _in_title(shown)]
    by_title = list({(one.year, one.origin): one for one in by_title}.values())
    lines = [block.text for block in blocks if block.kind != "table"] if blocks else text.splitlines()
    lines = [normalise_years(line[:_LONGEST_LINE]) for line in lines]
    heads = [one for line in lines if is_numbered(line) and (one := heading(line)) and one.level <= _DEEPEST]
    rows = [normalise_years(line) for line in text.splitlines() if "\t" in line]
    within = [*_periods(lines), *_in_headings(heads), *_openings(lines), *_in_tables(rows), *_plans(heads)]
    relative = _relative(lines, published)
    found = (*by_title, *within, *relative)
    if several is not None:
        return YearJudgement(None, f"{several}: several years", found, (Flag("multi_year", several),))
    if report_type is ReportType.DISCLOSURE:
        periods = [one for one in within if one.origin == "period"]
        if periods:
            return _judged(periods[0], found, published)
    stated = [one for one in within if one.origin != "plan" or report_type is not None]
    if by_title:
        return _weigh_title(by_title[0], stated, found, published)
    if report_type is None:
        return YearJudgement(None, "no year in the title, and the page is not known to be a report", found)
    if stated:
        return _judged(stated[0], found, published)
    if relative:
        return _judged(relative[0], found, published)
    return YearJudgement(None, "no place states a year", found)


def normalise_years(text: str) -> str:
    """``text`` with years in ASCII digits: 二○一二年, ２０１２年 and 2 0 1 2 年 all become 2012年."""
    if not (" " in text or "\u3000" in text or "\xa0" in text or _ODD.search(text)):
        return text
    plain = _FULL_WIDTH.sub(lambda match: match.group().translate(_HALF_WIDTH), text)
    plain = _SPOKEN.sub(lambda match: match.group().translate(_NUMERALS), plain)
    plain = _SPREAD.sub(_closed, plain)
    return _GAPS.sub("", plain)


def title_years(title: str) -> tuple[int, ...]:
    """The years of which a title says that it reports, in order; first and last year of a review of several."""
    plain = normalise_years(title[:_LONGEST_TITLE])
    if _spans_years(plain) and (span := _RANGE.search(_bare_title(plain))) is not None:
        return int(span.group(1)), int(span.group(2))
    return tuple(_in_title(plain))


def _closed(match: re.Match[str]) -> str:
    return re.sub(r"\s", "", match.group())


def _bare_title(title: str) -> str:
    """A title without what is cited in it and without document numbers."""
    plain = re.sub(r"《[^》]*》", "", normalise_years(title))
    plain = re.sub(r"[〔\[［【(（]\s*\d{4}\s*[〕\]］】)）]\s*(?:第?\s*\d+\s*号)?", "", plain)
    plain = re.sub(r"[(（][^)）]*(?:纲要|规划|方案)[^)）]*[)）]", "", plain)
    return re.sub(rf"{_YEAR}-\d{{5,}}|{_YEAR}-\d{{2}}-\d{{4,}}", "", plain)


def _spans_years(title: str) -> bool:
    plain = _bare_title(title)
    span = _RANGE.search(plain)
    if span is not None and not re.search(r"月", plain[span.start() : span.end() + 3]):
        return span.group(1) != span.group(2)
    return _MANY_YEARS.search(plain) is not None and not _in_title(title)


def _in_title(title: str) -> list[int]:
    """Years that a title states of the report, in order, without those it plans for."""
    plain = _bare_title(title)
    years: list[int] = []
    for match in re.finditer(rf"{_YEAR}\s*(?:年|(?=度|法治|政府信息|依法行政))", plain):
        behind = re.split(r"[及与和、]|暨", plain[match.end() :], maxsplit=1)[0]
        planned = re.search(r"(?:计划|安排|打算|思路|要点|规划|部署)(?!.*(?:落实|完成|执行|贯彻))", behind)
        if not planned and int(match.group(1)) not in years:
            years.append(int(match.group(1)))
    return years


def _periods(lines: Sequence[str]) -> list[YearCandidate]:
    """Years of period sentences: a span of days within one year that the text calls the span of its figures."""
    found: list[YearCandidate] = []
    for line in lines:
        for match in _PERIOD.finditer(line) if "日" in line else ():
            first, last = int(match.group(1)), int(match.group(4) or match.group(1))
            whole = match.group(2, 3, 5, 6) == ("1", "1", "12", "31")
            named = _PERIOD_WORDS.search(line[max(0, match.start() - 40) : match.start()])
            if first == last and (named or whole):
                found.append(YearCandidate(first, "period", match.group()))
    return found


def _in_headings(heads: Sequence[Heading]) -> list[YearCandidate]:
    found: list[YearCandidate] = []
    for one in heads:
        match = _WHOLE_YEAR.search(one.words) if "年" in one.words else None
        if match is None or is_plan(one.words) or _CITED_YEAR.search(one.words) or _RANGE.search(one.words):
            continue
        found.append(YearCandidate(int(match.group(1)), "heading", one.text))
    return found


def _openings(lines: Sequence[str]) -> list[YearCandidate]:
    """Years with which the first paragraphs open (2022年,浦江县…) or that they announce (现将…2022年…报告如下)."""
    found: list[YearCandidate] = []
    for paragraph in _opening_paragraphs(lines):
        plain = re.sub(r"《[^》]*》", "", paragraph)
        for match in (_REPORTED.search(plain), _WHOLE_YEAR.match(plain)):
            if match is not None:
                found.append(YearCandidate(int(match.group(1)), "opening", plain[match.start() : match.end() + 12]))
    return found


def _opening_paragraphs(lines: Sequence[str]) -> list[str]:
    return list(islice((line.strip() for line in lines if len(line.strip()) > _SENTENCE), _OPENING_PARAGRAPHS))


def _in_tables(rows: Sequence[str]) -> list[YearCandidate]:
    """The year in the head of the statistics table of the forms before 2019 (指标名称 计量单位 2018年度 历年累计)."""
    matches = ((row, _TABLE_YEAR.search(row)) for row in rows)
    return [
        YearCandidate(int(match.group(1)), "table", row.replace("\t", " ").strip())
        for row, match in matches
        if match is not None
    ]


def _plans(heads: Sequence[Heading]) -> list[YearCandidate]:
    """The year before the one for which the last part plans (四、2025年工作安排 gives 2024)."""
    found: list[YearCandidate] = []
    for one in heads:
        match = _WHOLE_YEAR.search(one.words) if "年" in one.words else None
        if match is not None and is_plan(one.words) and not _RANGE.search(one.words):
            found.append(YearCandidate(int(match.group(1)) - 1, "plan", one.text))
    return found


def _relative(lines: Sequence[str], published: date | None) -> list[YearCandidate]:
    """今年以来 in the first paragraphs, read with the publication date."""
    if published is None or _LOOKS_BACK < published.month < _YEAR_ENDS:
        return []
    year = published.year - 1 if published.month <= _LOOKS_BACK else published.year
    for paragraph in _opening_paragraphs(lines):
        match = _THIS_YEAR.search(paragraph)
        if match is not None:
            return [YearCandidate(year, "body", f"{match.group().rstrip(',，')}, published {published.isoformat()}")]
    return []


def _weigh_title(
    named: YearCandidate, stated: Sequence[YearCandidate], found: tuple[YearCandidate, ...], published: date | None
) -> YearJudgement:
    """The title's year, unless it is the year of publication or later and nothing in the text bears it out."""
    early = published is not None and (
        named.year > published.year or (named.year == published.year and published.month < _YEAR_ENDS)
    )
    if not early:
        return _judged(named, found, published)
    assert published is not None
    if any(one.year == named.year for one in stated if one.origin != "plan"):
        return _judged(named, found, published)
    before = next((one for one in stated if one.year < named.year), None)
    if before is not None:
        return _judged(before, found, published)
    reason = f"title: {named.year}年, but published {published.isoformat()} and the text does not bear it out"
    return YearJudgement(None, reason, found, (Flag("year_conflict", reason),))


def _judged(chosen: YearCandidate, found: tuple[YearCandidate, ...], published: date | None) -> YearJudgement:
    against = [
        one
        for one in found
        if one.year != chosen.year and one.origin in ("title", "period", "opening", "table") and one != chosen
    ]
    flags: list[Flag] = []
    if against:
        shown = "; ".join(f"{one.origin}: {one.year} ({one.snippet})" for one in against)
        flags.append(Flag("year_conflict", f"{chosen.origin}: {chosen.year}; {shown}"))
    elif published is not None and chosen.year > published.year:
        flags.append(Flag("year_conflict", f"{chosen.origin}: {chosen.year}, published {published.isoformat()}"))
    snippet = f"{chosen.year}年" if chosen.origin in ("title", "listed title") else chosen.snippet
    return YearJudgement(chosen.year, f"{chosen.origin}: {snippet}", found, tuple(flags))
