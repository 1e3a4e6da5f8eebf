"""Which edition of a place's report a page is: the government's own, one of Party committee and government together, a
department's, or the one that goes to the standing committee of the People's Congress.

They stand beside each other for one place and year (安居 and 烈山 report jointly; 滨江, 余杭 and 沈阳 have the justice
bureau's beside the government's; 遂府〔2025〕3号 is addressed to the 市人大常委会), and only the public ones fulfil the
duty to publish. Titles seldom say it, so the head of the text and its signature are asked too. What a
report merely tells (主动向市人大常委会报告工作) decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scrapers.judging.publisher import PublisherJudgement
from scrapers.reading.labels import bare_label, table_ranks
from scrapers.reading.simplified import simplified
from scrapers.records import Draft, Edition, Level

_HEAD_CHARS = 500
_HEAD_LINES = 12
_SIGNATURE_LINES = 6
_LONGEST_NAME = 40

_CONGRESS = r"(?:人大常委会|人民代表大会常务委员会|人大常务委员会)"
_TO_CONGRESS = (
    # a salutation of its own; 市委、市人大常委会、市政府： addresses others too
    re.compile(rf"^(?:尊敬的)?[\u4e00-\u9fff]{{0,12}}{_CONGRESS}(?:主任会议)?[：:]", re.MULTILINE),
    re.compile(r"^(?:尊敬的)?(?:各位)?主任(?:[、，\s]?(?:各位)?(?:副主任|秘书长|委员))+[：:]", re.MULTILINE),
    re.compile(
        r"受[^。，、]{0,12}政府(?:的)?委托[^。]{0,40}?向[^。、和及]{0,10}(?:人大)?常委会[^。、和及]{0,30}?(?:报告|汇报)"
    ),
    re.compile(
        rf"(?:现|特)?向[^。，、和及]{{0,8}}{_CONGRESS}(?:本次会议)?(?![、和及])[^。、]{{0,24}}?(?:报告|汇报)如下"
    ),
    re.compile(rf"提请[^。，、和及]{{0,8}}{_CONGRESS}[^。、]{{0,8}}审议"),
    re.compile(
        rf"^[（(]?[—－-][^。\n]{{0,30}}{_CONGRESS}[^。\n]{{0,4}}第[^。\n]{{1,12}}次(?:会议|主任会议)", re.MULTILINE
    ),
)
_TITLE_TO_CONGRESS = re.compile(rf"向[^，、和及]{{0,12}}{_CONGRESS}[^、和及]{{0,24}}报告")

_PARTY = (
    r"(?:(?:中共|中国共产党)[\u4e00-\u9fff]{1,14}?(?:工作委员会|委员会|工委|党组|委)"
    r"|[\u4e00-\u9fff]{0,12}?(?:[省市区县旗州盟]委|党工委|党委))"
)
_GOVERNMENT = r"(?:人民政府|[省市区县旗州盟镇乡]政府|管委会|管理委员会|办事处|行政公署)"
_JOINT = re.compile(
    rf"^{_PARTY}(?:办公室)?[、,，和与及]?[\u4e00-\u9fff]{{0,14}}?{_GOVERNMENT}(?:办公室)?(?=$|关于|[（(〔\[]?(?:19|20)\d\d)"
)
_PARTY_ALONE = re.compile(rf"^{_PARTY}$")
_GOVERNMENT_ALONE = re.compile(rf"^[\u4e00-\u9fff]{{0,20}}{_GOVERNMENT}$")
_CITED = re.compile(r"《[^》]*》")
_BEHIND_SIGNATURE = re.compile(
    r"(?:主题词|关键词|抄送|抄报|报送|分送|发送|主送|附件|附|联系人|联系电话|联系方式|公开方式|公开属性|信息公开选项)[：:\t]|.{0,40}(?:19|20)\d\d年\d{1,2}月\d{1,2}日(?:印发|印制|翻印)"
    r"|[（(]?(?:共|此件|此文)[^。]{0,12}(?:印|公开|份)[^。]{0,12}[）)]?$|\d{1,2}[.．、].{2,60}$"
)
"""The imprint of an official document (版记) and its list of files: who is sent a copy has not signed."""
_OF_A_SENTENCE = re.compile(r"[。；;：:\t]")


@dataclass(frozen=True, slots=True)
class EditionJudgement:
    """The edition with its reason; both ``None`` where nobody is known to publish the page."""

    edition: Edition | None
    reason: str | None
    """In words, e.g. ``text: 市人大常委会：``."""


def judge_edition(draft: Draft, title: str | None, publisher: PublisherJudgement) -> EditionJudgement:
    """Which edition a report's page is. ``title`` is the chosen one. Raises nothing."""
    head = _head(draft.text)
    heading = _plain(title or "")
    addressed = _TITLE_TO_CONGRESS.search(heading)
    if addressed is not None:
        return EditionJudgement(Edition.PEOPLES_CONGRESS, f"title: {addressed.group()}")
    for pattern in _TO_CONGRESS:
        match = pattern.search(head)
        if match is not None:
            return EditionJudgement(Edition.PEOPLES_CONGRESS, f"text: {match.group()}")
    for place, phrase in _names(draft, heading):
        match = _JOINT.match(phrase)
        if match is not None:
            return EditionJudgement(Edition.JOINT, f"{place}: {match.group()}")
    if publisher.level is None:
        return EditionJudgement(None, None)
    of_a_department = publisher.level in (Level.DEPARTMENT, Level.MINISTRY)
    return EditionJudgement(
        Edition.DEPARTMENT if of_a_department else Edition.GOVERNMENT, f"publisher: {publisher.publisher}"
    )


def _names(draft: Draft, title: str) -> Iterator[tuple[str, str]]:
    """Where bodies are named as those whose report it is, with what stands there."""
    yield "title", title
    table = {bare_label(label): value for label, value in draft.metadata.items()}
    for label in table_ranks()["publisher"]:
        if table.get(label):
            yield "table", _plain(table[label])
    if draft.source:
        yield "source", _plain(draft.source)
    lines = [line for line in map(_plain, draft.text.splitlines()) if line]
    # A title over several lines: 中共…区委 / …区人民政府 / 关于2024年度法治政府建设工作的报告
    above = [line for line in lines[:4] if len(line) <= _LONGEST_NAME and not _OF_A_SENTENCE.search(line)]
    yield "heading", "".join(above)
    yield from (("heading", line) for line in above)
    yield from (("signature", name) for name in _signatures(lines))


def _signatures(lines: Sequence[str]) -> Iterator[str]:
    """Short lines at the end; a committee's and a government's one after the other, in either order, as one."""
    end = len(lines)
    while end and _BEHIND_SIGNATURE.match(lines[end - 1]):
        end -= 1
    last = [
        line
        for line in lines[max(0, end - _SIGNATURE_LINES) : end]
        if len(line) <= _LONGEST_NAME and not _OF_A_SENTENCE.search(line)
    ]
    yield from last
    for first, second in pairwise(last):
        if _PARTY_ALONE.match(first) and _GOVERNMENT_ALONE.match(second):
            yield first + second
        elif _GOVERNMENT_ALONE.match(first) and _PARTY_ALONE.match(second):
            yield second + first


def _head(text: str) -> str:
    lines = [line for line in text[: 4 * _HEAD_CHARS].splitlines() if line.strip()][:_HEAD_LINES]
    return simplified("\n".join("".join(line.split()) for line in lines))[:_HEAD_CHARS]


def _plain(phrase: str) -> str:
    return simplified(_CITED.sub("", "".join(phrase[:300].split())))
