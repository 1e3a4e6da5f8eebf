"""The statutory parts of a report, whatever their order and numbering.

A rule-of-law report has five parts (《法治政府建设与责任落实督察工作规定》), a disclosure report six
(国办公开办函〔2021〕30号). Which heading opens which part is decided by its words; which headings part the report at
all, by the outermost numbering that bears such words. So a part may be called 一、 or （一） or 第一部分 or nothing,
and a leaders' duty treated under 一、（一）2 is not a part of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from scrapers.reading.simplified import simplified
from scrapers.records import Block, ReportType, Section

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_NUMBERING = (
    (0, re.compile(rf"第\s*{_NUMERAL}\s*(?:部分|章|篇)[、，,：:．.\s]*")),
    (1, re.compile(rf"{_NUMERAL}\s*[、，,．.：:]\s*")),
    (2, re.compile(rf"(?:[（(]\s*{_NUMERAL}\s*[)）]|[㈠-㈩])\s*[、，,．.]?\s*")),
    (3, re.compile(r"(?:[（(]?\d{1,2}\s*(?:[、．)）]|\.(?!\d))|[⒈-⒛⑴-⒇①-⑳])\s*")),
)
_OPENINGS = (
    "第",
    "一二三四五六七八九十",
    "（(㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩",
    "（(0123456789" + "".join(map(chr, range(0x2460, 0x249C))),
)
_NUMBERINGS = {
    opening: tuple(numbering for numbering, known in zip(_NUMBERING, _OPENINGS, strict=True) if opening in known)
    for opening in "".join(_OPENINGS)
}
"""With what a numbered line may begin, and the numberings that begin so."""
_BARE = 4
"""Level of a heading without a number: it parts a report only where no numbering does."""
_HEADING_ENDS = re.compile(rf"[。；;：:（(](?:(?<=[。；;：:])|(?<=[\u4e00-\u9fff].){_NUMERAL}[)）])")
"""A mark, or the （一） that follows without one. It begins with a set of characters, which the search skips to."""
_SENTENCE_MARKS = re.compile(r"[。；;，,！!？?]")
_LONGEST_HEADING = 60
_LONGEST_BARE_HEADING = 40
_RUN_IN = re.compile(r"\S{4,30}\s+[^，,]+[，,]")

_NEXT_YEAR = re.compile(
    r"下一?步|下一?年|下一?阶段|今后|明年|来年|新的一年|展望|努力方向|工作计划"
    r"|(?:工作|主要|总体|初步)(?:安排|打算|思路|设想)|\d{4}年.*(?:安排|计划|打算|思路|重点|任务|目标|部署|设想|规划)"
)
_DONE = re.compile(r"(?:完成|落实|开展|推进|执行)情况|进展|成效|总结|回顾")
"""What was planned and is now reported on: 2023年重点工作完成情况 is no plan."""
_NEXT_STEP = re.compile(r"下一?步|下一?年|下一?阶段|今后|明年|来年")
_SHORTCOMINGS = re.compile(r"不足|问题|短板|困难|差距|薄弱")
_OVERCOMING = re.compile(r"解决|破解|化解|聚焦|导向|整治|补齐?短板|查摆")
_LEADERS = re.compile(r"第一责任|主要负责(?:人|同志)|党政主要领导|主要领导.*职责")
_MEASURES = re.compile(
    r"举措|成效|措施|做法|成绩|亮点|特色|进展|主要工作|工作总结|工作回顾|工作开展"
    r"|(?:工作|开展|推进|完成|落实|建设|基本|总体)情况"
)
_OTHER = re.compile(r"其他|其它|需要(?:报告|说明)")
_DISCLOSURE = (
    ("review_litigation", re.compile(r"复议|诉讼|申诉")),
    ("problems", re.compile(r"问题|不足|改进|困难|短板|下一步")),
    ("proactive", re.compile(r"主动公开")),
    ("applications", re.compile(r"依申请|申请")),
    ("overview", re.compile(r"总体|概述|概况|基本情况|综述")),
    ("other", re.compile(r"其他|其它|需要(?:报告|说明)|统计表|附表|附件|说明")),
)
_PART_NAMES = (_LEADERS, _SHORTCOMINGS, _NEXT_YEAR, _MEASURES, _OTHER, *(pattern for _, pattern in _DISCLOSURE))
STATUTORY = {
    ReportType.RULE_OF_LAW: ("measures", "shortcomings", "leaders_duty", "next_year"),
    ReportType.DISCLOSURE: ("overview", "proactive", "applications", "review_litigation", "problems", "other"),
}
"""The parts a report must have. 其他 of the rule-of-law report holds what is left, so its absence says nothing."""


class Heading(NamedTuple):
    """A heading as recognised from one line."""

    level: int
    """0 第一部分, 1 一、, 2 （一）, 3 1., 4 without a number."""
    text: str
    """The heading with its number, without the paragraph that may follow on the same line."""
    words: str
    """The same without its number and without white space, in Simplified characters."""


def heading(line: str, *, marked: bool = False) -> Heading | None:
    """The heading with which ``line`` begins, or ``None``.

    A heading may run into its paragraph (一、主要举措。2024年…): it ends at the first 。, ； or ：. A line without a
    number is a heading only where it is ``marked`` as one, or short, without a full stop and wholly a part's name.
    """
    plain = line.strip()
    if not plain or "\t" in plain:
        return None
    for level, pattern in _NUMBERINGS.get(plain[0], ()):
        match = pattern.match(plain)
        if match is not None:
            rest = plain[match.end() : match.end() + 2 * _LONGEST_HEADING]
            ending = _HEADING_ENDS.search(rest)
            head = rest[: ending.start() if ending else None].strip()
            pieces = head.split()
            if len(pieces) > 1 and _RUN_IN.match(head):
                # 一、主要举措和成效　2023年，我县…: a blank is what is left between heading and paragraph.
                head, pieces = pieces[0], pieces[:1]
            if not head or len(head) > _LONGEST_HEADING:
                return None
            return Heading(level, (plain[: match.end()] + head).strip(), simplified("".join(pieces)))
    if len(plain) > 2 * _LONGEST_BARE_HEADING or _SENTENCE_MARKS.search(plain):
        return None
    bare = "".join(plain.split())
    if len(bare) > _LONGEST_BARE_HEADING:
        return None
    words = simplified(bare)
    return Heading(_BARE, plain, words.rstrip("：:")) if marked or _names_a_part(words) else None


def is_numbered(line: str) -> bool:
    """Whether a line begins as a numbered heading does."""
    return line.lstrip()[:1] in _NUMBERINGS


def sections(blocks: Sequence[Block], report_type: ReportType | None) -> tuple[Section, ...]:
    """The statutory parts in the order of the page, each from its heading to the next part's.

    A heading that names two parts (存在的问题及下一步打算) gives a section for each over the same blocks. Parts that
    cannot be told are ``other``. Empty for ``None`` and for a text without headings of that kind.
    """
    if report_type is None:
        return ()
    found = [
        (index, one)
        for index, block in enumerate(blocks)
        if block.kind != "table"
        and (one := heading(block.text.split("\n", 1)[0], marked=block.kind == "heading")) is not None
    ]
    level = _parting_level([one for _, one in found], report_type)
    if level is None:
        return ()
    heads = _without_contents([(index, one) for index, one in found if one.level == level], len(blocks))
    ends = [index for index, _ in heads[1:]] + [len(blocks)]
    roles = _roles([one.words for _, one in heads], report_type)
    parts = [
        Section(role=role, heading=one.text, start=index, end=end)
        for (index, one), end, several in zip(heads, ends, roles, strict=True)
        for role in several
    ]
    return tuple(_joined(parts))


def missing_parts(found: Sequence[Section], report_type: ReportType | None) -> tuple[str, ...]:
    """Roles of the statutory parts that no section bears, in the order of the law."""
    if report_type is None:
        return ()
    present = {section.role for section in found}
    return tuple(role for role in STATUTORY[report_type] if role not in present)


def is_plan(words: str) -> bool:
    """Whether a heading or title speaks of what is to be done next: a year in it is not the year reported on."""
    if _NEXT_YEAR.search(words) is None:
        return False
    return _NEXT_STEP.search(words) is not None or _DONE.search(words) is None


def _names_a_part(words: str) -> bool:
    """Whether a short line without a number is the name of a part; a title repeated in the body ends in 报告."""
    return len(words) <= 25 and not words.endswith("报告") and any(name.search(words) for name in _PART_NAMES)


def _role(words: str, report_type: ReportType) -> tuple[str, ...]:
    if report_type is ReportType.DISCLOSURE:
        return next(((role,) for role, pattern in _DISCLOSURE if pattern.search(words)), ())
    if _LEADERS.search(words):
        return ("leaders_duty",)
    lacking = _SHORTCOMINGS.search(words) is not None and _OVERCOMING.search(words) is None
    named = [
        role
        for role, holds in (
            ("measures", _MEASURES.search(words) is not None and (not lacking or re.search(r"成效|成绩|做法", words))),
            ("shortcomings", lacking),
            ("next_year", is_plan(words)),
        )
        if holds
    ]
    if named == ["measures", "next_year"] and _DONE.search(words) is None:
        return ("next_year",)
    return tuple(named) or (("other",) if _OTHER.search(words) else ())


def _roles(heads: Sequence[str], report_type: ReportType) -> list[tuple[str, ...]]:
    """Roles of all parting headings; context decides where the words alone do not."""
    roles = [_role(words, report_type) for words in heads]
    if report_type is ReportType.RULE_OF_LAW:
        reported = None
        for number, (words, several) in enumerate(zip(heads, roles, strict=True)):
            year = re.search(r"(20\d\d)年", words)
            if several == ("measures",) and year is not None:
                # 一、2023年主要举措 ... 四、2024年主要举措: the second speaks of the next year.
                if reported is not None and int(year.group(1)) > reported:
                    roles[number] = ("next_year",)
                else:
                    reported = int(year.group(1))
        planned = [number for number, several in enumerate(roles) if several == ("next_year",)]
        if not any("measures" in several for several in roles) and len(planned) > 1:
            roles[planned[0]] = ("measures",)  # 一、2023年重点工作 ... 三、2024年重点工作
        if not any("measures" in several for several in roles):
            # Parts named for their subjects (一、加强党的领导) are the measures, up to the first part of another kind.
            for number, several in enumerate(roles):
                if several:
                    break
                roles[number] = ("measures",)
    return [several or ("other",) for several in roles]


def _parting_level(found: Sequence[Heading], report_type: ReportType) -> int | None:
    """The outermost level whose headings name at least two different parts; else one that names any."""
    for needed in (2, 1):
        for level in range(_BARE + 1):
            named = {role for one in found if one.level == level for role in _role(one.words, report_type)}
            if len(named) >= needed:
                return level
    return None


def _without_contents(heads: list[tuple[int, Heading]], length: int) -> list[tuple[int, Heading]]:
    """Headings without those of a table of contents: headings with nothing between them that come again later."""
    last = {one.words: number for number, (_, one) in enumerate(heads)}
    following = [index for index, _ in heads[1:]] + [length]
    return [
        (index, one)
        for number, ((index, one), after) in enumerate(zip(heads, following, strict=True))
        if not (last[one.words] > number and after == index + 1)
    ]


def _joined(parts: Sequence[Section]) -> list[Section]:
    """Neighbouring sections of one role as one: measures told under several headings of equal rank."""
    joined: list[Section] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and last.role == part.role and part.role != "other" and last.end == part.start:
            joined[-1] = replace(last, end=part.end)
        else:
            joined.append(part)
    return joined
