"""What a title says, before any column or page is asked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from scrapers.judging.genre_rules import Exclusion, TitleRules, rules
from scrapers.reading.simplified import simplified
from scrapers.records import ReportType

NO_REPORT = "title: names no annual report"
NEWS = "title: news of a report"

# No title of a list is longer; what is, is a text in a title's place.
_LONGEST = 200
LONGEST_READ = 50_000
"""Characters of a body that are read for genre and script: the longest report known has half of it."""
_MARKS = str.maketrans({"—": "-", "–": "-", "―": "-", "−": "-", "─": "-", "〔": "[", "〕": "]", "【": "[", "】": "]"})
# White space, zero-width marks, byte-order marks and soft hyphens.
_BLANKS = re.compile("[\\s\\u200b-\\u200f\\ufeff\\u00ad]+")
_IN_BRACKETS = re.compile(r"^\(([^()]*)\)$")
_BOOK_MARKS = re.compile("[《》〈〉「」『』“”\"'‘’]")
_CHINESE_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_YEARS = re.compile(
    r"(?<!\d)(?:19|20)\d{2}年?(?:-|至|到|~)(?:(?:19|20)\d{2}年?|\d{2}年)|[三五]年来|近[二两三四五六]年|五年|十[一二三四五]五|以来"
)
# The years in a plan's name are the plan's: 法治政府建设实施纲要(2021-2025年).
_PLAN_YEARS = re.compile(r"(?:纲要|方案|规划|计划|意见)\(?(?:19|20)\d{2}年?-(?:20)\d{2}年?\)?")
# What an annual report may also be called, and what else is called so.
_NEAR_END = re.compile(
    r"(?:年度|工作|情况|的|开展|建设)*(?:汇报|小结|总结|情况说明|纪实|材料)?"
    r"|实施(?:纲要|方案|意见).{0,18}情况(?:的)?(?:报告|总结)"
)
_CUT = re.compile(r"\.{2,}$")


@dataclass(frozen=True, slots=True)
class TitleReading:
    """``report_type`` is set where the title names one report; ``likely`` without it: the page must tell."""

    report_type: ReportType | None
    likely: bool
    reason: str
    final: bool = False
    """No page can make it a report: an interpretation, a form, a sale template."""
    carried: bool = False
    """The report stands, if at all, within a notice: 关于印发…年度报告的通知."""


def plain_title(title: str) -> str:
    """The title in Simplified and half width, without white space and book marks, dashes and brackets made one kind."""
    text = unicodedata.normalize("NFKC", title)
    text = _BLANKS.sub("", text)
    text = _BOOK_MARKS.sub("", simplified(text).translate(_MARKS))
    # 政府資訊公開: what a conversion by words makes of 信息.
    return _IN_BRACKETS.sub(r"\1", text).replace("资讯公开", "信息公开")


@lru_cache(maxsize=4096)
def read_title(title: str) -> TitleReading:
    """Judge the title by itself. Reasons begin with ``title: ``."""
    plain = plain_title(title)[:_LONGEST]
    if rules().anonymous.search(plain):
        return TitleReading(None, False, "title: anonymous place", final=True)
    for exclusion in _exclusions("anywhere"):
        if exclusion.pattern.search(plain):
            return TitleReading(None, False, f"title: {exclusion.name}", final=True)
    for carrier in rules().carriers:
        match = carrier.search(plain)
        inner = _read_name(plain[: match.start()], match["inner"]) if match else None
        if inner is not None and inner.likely:
            reason = f"{inner.reason}, carried by a notice or letter"
            return TitleReading(inner.report_type, True, reason, carried=True)
    return (
        _read_name("", plain)
        or _read_news(plain)
        or _read_first_piece(plain)
        or _read_uncertain(plain)
        or _read_rest(plain)
    )


def _exclusions(where: str) -> tuple[Exclusion, ...]:
    return tuple(exclusion for exclusion in rules().exclusions if exclusion.where == where)


def _read_name(before: str, plain: str) -> TitleReading | None:
    """The title ends in a report's name: whether what stands before the name leaves it one."""
    found = [
        (match.start(), kind, match)
        for kind, title_rules in rules().titles.items()
        if (match := title_rules.name.search(plain))
    ]
    if not found:
        return None
    start, kind, match = min(found, key=lambda each: each[0])
    before += plain[:start]
    for exclusion in _exclusions("before"):
        if exclusion.pattern.search(before):
            return TitleReading(None, False, f"title: {exclusion.name}")
    if rules().news_before.search(before):
        return TitleReading(None, False, NEWS)
    name = match.group("subject") + match.group("middle") + match.group("end")
    doubt = _doubt(kind, rules().titles[kind], match, before, plain)
    if doubt is None:
        return TitleReading(kind, True, f"title: {name}")
    reason, likely = doubt
    return TitleReading(None, likely, f"title: {reason}")


def _doubt(
    kind: ReportType, named: TitleRules, match: re.Match[str], before: str, plain: str
) -> tuple[str, bool] | None:
    """Why a name that fits is not enough, and whether the page is still worth fetching; ``None``: it is enough."""
    subject, middle, end = match["subject"], match["middle"], match["end"]
    strong = named.strong.search(subject) is not None
    year = last_year(plain)
    yearly = year is not None or "年度" in plain or end == "年报"
    doubt: tuple[str, bool] | None = None
    if not strong and named.qualified and named.qualified.search(before):
        doubt = ("another duty to publish", False)
    elif not strong and named.other_publishers and named.other_publishers.search(before):
        doubt = ("publisher is no administrative body", False)
    elif _YEARS.search(_PLAN_YEARS.sub("", plain)):
        doubt = ("several years", True)
    elif kind is ReportType.DISCLOSURE and "主动" in subject and end == "情况":
        doubt = ("主动公开情况", True)
    elif (not strong or end not in ("报告", "报告书", "年报")) and not yearly:
        doubt = (f"{subject}{middle}{end} without a year", True)
    elif kind is ReportType.DISCLOSURE and subject == "政务公开" and end != "年报" and "年度" not in middle:
        doubt = ("政务公开", True)
    elif (
        kind is ReportType.RULE_OF_LAW
        and named.subject.findall(subject) == [rules().old_subject]
        and year is not None
        and year > rules().old_subject_until
    ):
        doubt = (f"{rules().old_subject} of {year}", True)
    return doubt


def last_year(plain: str) -> int | None:
    """The latest year a plain title states, in either script of digits."""
    years = [int(year) for year in _YEAR.findall(plain)]
    years += [
        int(digits)
        for piece in re.findall("[〇零○一二三四五六七八九]{4}(?=年)", plain)
        if (digits := piece.translate(_CHINESE_DIGITS)).startswith(("19", "20"))
    ]
    return max(years, default=None)


def _read_news(plain: str) -> TitleReading | None:
    """…年度报告出炉: the name is there, and something happened to it."""
    after = rules().news_after.search(plain)
    if after and (named := _read_name("", plain[: after.start()])) and (named.likely or named.reason == NEWS):
        return TitleReading(None, False, NEWS)
    return None


def _read_first_piece(plain: str) -> TitleReading | None:
    """A title with the site's name behind it: …情况报告-某市司法局."""
    piece = re.split(r"[-_|]", plain)[0]
    return _read_name("", piece) if len(piece) < len(plain) else None


def _read_uncertain(plain: str) -> TitleReading | None:
    """A report's subject and a year, but no report's end: cut short, or 汇报 and the like."""
    cut = _CUT.search(plain)
    body = plain[: cut.start()] if cut else plain
    for named in rules().titles.values():
        match = named.strong.search(body)
        if match is None or any(rule.pattern.search(body[: match.start()]) for rule in _exclusions("before")):
            continue
        rest = body[match.end() :]
        if cut and len(rest) <= 6 and not any(rule.pattern.search(rest) for rule in _exclusions("rest")):
            return TitleReading(None, True, "title: cut short")
        if last_year(body) and _NEAR_END.fullmatch(rest):
            return TitleReading(None, True, f"title: {match.group()}{rest}")
    return None


def _read_rest(plain: str) -> TitleReading:
    for exclusion in _exclusions("rest"):
        if exclusion.pattern.search(plain):
            return TitleReading(None, False, f"title: {exclusion.name}", final=not exclusion.page_may_tell)
    return TitleReading(None, False, NO_REPORT)
