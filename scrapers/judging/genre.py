"""Is it a report, and which? By title before the page is fetched, by title, column label and body after.

The rules are data (``genre.toml``); this module and ``titles.py`` say how they are combined. A title names a report
where it *ends* in the report's name (…法治政府建设情况的报告): what stands before the name may be any publisher, what
follows it makes it something else (…报告解读). So a publisher's own name (规划局, 督察室, 审计局) rejects nothing.

Sources: 《法治政府建设与责任落实督察工作规定》 art. 24; 《政府信息公开条例》 arts. 49, 50; 国办公开办函〔2021〕30号.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.judging.genre_rules import rules
from scrapers.judging.titles import LONGEST_READ, NO_REPORT, TitleReading, plain_title, read_title
from scrapers.reading.simplified import simplified
from scrapers.records import ReportType


@dataclass(frozen=True, slots=True)
class TitleJudgement:
    """What a title alone tells. ``likely``: worth fetching, with ``report_type`` ``None`` where the page must tell."""

    report_type: ReportType | None
    likely: bool
    reason: str
    """``title: `` and the name found, or the term that makes the title something else: ``title: 工作要点``."""


@dataclass(frozen=True, slots=True)
class DocumentJudgement:
    """What title, label and body tell together. ``report_type`` is ``None`` for a page that is no yearly report."""

    report_type: ReportType | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Body:
    on_subject: bool
    """Whether the text speaks of the report's subject often enough to be about it."""
    opening: str | None
    parts: int

    @property
    def is_report(self) -> bool:
        """A sentence that reports and a statutory part, or three parts; and the subject is what the text is about."""
        return self.on_subject and ((self.opening is not None and self.parts >= 1) or self.parts >= 3)

    @property
    def evidence(self) -> str:
        return f"{self.opening or 'no opening sentence'}; {self.parts} statutory parts"


# News that gives the whole report has its parts and its opening; an experience article lacks one of them.
_WHOLE_PARTS = 3
# A notice this short says that the report is attached.
_SHORT_NOTICE = 600
_OPENING_WITHIN = 1_500
# [publisher] [关于] [year] and words that any report has: 渝中区, 2023年度报告, 关于2025年有关情况的报告.
_NAMES_NOTHING = re.compile(
    r"(?:[一-鿿、()]{1,30}(?:局|厅|部|委|办|室|政府|街道|镇|乡|区|县|市|旗|省|州|盟|会|院|中心|队|社|行|处|所|站))?(?:关于)?"
    r"(?:(?:19|20)\d{2}|年度?|度|全年|工作|有关|相关|主要|开展|的|情况|总结|报告|年报|汇报|及|和|暨|与|、|计划|打算|安排|思路|[():-])*"
)
_HEADING = re.compile(r"^(?:[(（]?[一二三四五六七八九十]+[)）、.．]|第[一二三四五六七八九十]+部分|\d{1,2}[.、．])\s*")


def judge_title(
    title: str, *, column_name: str | None = None, report_types: Sequence[ReportType] = ()
) -> TitleJudgement:
    """Judge a row of a list.

    ``column_name`` and ``report_types`` are the column's. In a column of reports a title that names nothing
    (关于2025年情况的报告, 渝中区) is worth fetching; where the column's own name is a report's name, that is the type.
    """
    reading = read_title(title)
    if reading.report_type is not None:
        return TitleJudgement(reading.report_type, True, reading.reason)
    listed_as = _named_type(column_name)
    if reading.likely:
        return TitleJudgement(listed_as, True, reading.reason)
    if (report_types or listed_as) and _names_nothing(reading, plain_title(title)):
        listed_as = listed_as or (report_types[0] if len(report_types) == 1 else None)
        return TitleJudgement(listed_as, True, f"{NO_REPORT}; column: {column_name or 'of reports'}")
    return TitleJudgement(None, False, reading.reason)


def judge_document(
    title: str | None,
    text: str,
    *,
    label: str | None = None,
    column_name: str | None = None,
    sections_found: int = 0,
) -> DocumentJudgement:
    """Judge a page by its title, its 组配分类 (``label``), its column and its body.

    A title that is plainly something else is final. One that names a report holds, unless the body asks others for
    theirs or is plainly the other report. One that names nothing, or only may carry a report, is decided by the body,
    then by the label. ``sections_found``: statutory parts another reading found for the title's, label's or column's
    type; the larger count holds.
    """
    reading = read_title(title) if title else TitleReading(None, True, "title: none")
    if reading.final:
        return DocumentJudgement(None, reading.reason)
    text = simplified(text[:LONGEST_READ])
    labelled = _named_type(label)
    supposed = reading.report_type or labelled or _named_type(column_name)
    headings = [heading for line in text.split("\n") if (heading := _heading(line))]
    bodies = {kind: _read_body(text, headings, kind, sections_found if kind is supposed else 0) for kind in ReportType}
    told = max(ReportType, key=lambda kind: (bodies[kind].is_report, bodies[kind].parts))
    body = bodies[told] if bodies[told].is_report else None
    if reading.report_type is not None:
        return _confirmed(reading, reading.report_type, bodies, text)
    is_open = reading.likely or (reading.reason == NO_REPORT and _names_nothing(reading, plain_title(title or "")))
    # 听取…情况报告, …的实践: the title tells of something else; only a whole report on the page says otherwise.
    if body is not None and (is_open or (body.opening is not None and body.parts >= _WHOLE_PARTS)):
        return DocumentJudgement(told, f"body: {body.evidence}")
    if labelled is not None and (reading.likely or reading.reason == NO_REPORT):
        return DocumentJudgement(labelled, f"label: {label}")
    if is_open and supposed is not None and not text.strip():
        return DocumentJudgement(supposed, f"column: {column_name}; body: empty")
    return DocumentJudgement(None, f"{reading.reason}; body: no sentence that reports, no statutory parts")


def _confirmed(
    reading: TitleReading, named: ReportType, bodies: dict[ReportType, _Body], text: str
) -> DocumentJudgement:
    """A title that names a report, against its body."""
    body = bodies[named]
    if body.is_report:
        return DocumentJudgement(named, reading.reason)
    if rules().asks.search(text[:_OPENING_WITHIN]) and not body.parts:
        return DocumentJudgement(None, f"{reading.reason}; body: asks for reports")
    for other, found in bodies.items():
        if other is not named and found.is_report and not body.on_subject:
            return DocumentJudgement(other, f"body: {found.evidence}")
    if reading.carried and not body.parts and len(text) > _SHORT_NOTICE:
        return DocumentJudgement(None, f"{reading.reason}; body: no sentence that reports, no statutory parts")
    return DocumentJudgement(named, reading.reason)


def _named_type(name: str | None) -> ReportType | None:
    """The type that a column's name or a 组配分类 names: 法治政府建设报告, 政府信息公开年报."""
    return read_title(name).report_type if name else None


def _names_nothing(reading: TitleReading, plain: str) -> bool:
    if not plain:
        return True
    return not reading.final and _NAMES_NOTHING.fullmatch(plain) is not None


def _read_body(text: str, headings: Sequence[str], kind: ReportType, sections_found: int) -> _Body:
    body_rules = rules().bodies[kind]
    opening = body_rules.opening.search(text[:_OPENING_WITHIN])
    mentions = sum(text.count(mention) for mention in body_rules.mentions)
    parts = sum(any(part.search(heading) for heading in headings) for part in body_rules.parts)
    return _Body(
        on_subject=mentions * 1_000 >= body_rules.mentions_per_1000 * max(len(text), 1),
        opening=opening.group() if opening else None,
        parts=max(parts, sections_found),
    )


def _heading(line: str) -> str | None:
    """The heading a line is or begins with: numbered, up to its first full stop."""
    line = line.strip()
    marker = _HEADING.match(line)
    if marker is None:
        return None
    heading = re.split("[。；;]", line[marker.end() :], maxsplit=1)[0]
    return heading if len(heading) <= 60 else None
