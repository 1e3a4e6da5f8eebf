"""Damage: places where a number, a bracket or a piece of a sentence was lost on the way to us.

Published texts lose digits in two ways (the tests show both): an extractor drops the ``<span lang>``
around every number, or a copyist's page cuts a span out of the sentence and leaves ``公开投诉举报电线%。``.
Either way a unit stands where no number comes before it. The rules here look for such units, and for years and
brackets run together. They are written for precision: a text is flagged only where no grammatical reading is left.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from scrapers.records import Flag

FLAG = "damaged_text"

_HAN = "㐀-䶿一-鿿"
_STOP = "，,。．；;：:、！!？?（）()《》〈〉“”\"'‘’【】\\[\\]〔〕\\s"
_END = r"(?=[，,。；;、）)]|$)"

# What may stand before a unit instead of a digit: numerals, and words that make an amount without a numeral
# (数万元, 近万元, 上亿元, 每件, 若干项 ...).
_AMOUNT = (
    "零〇○一二三四五六七八九十百千万亿兆两俩半壹贰叁肆伍陆柒"
    "捌玖拾佰仟数几多余每各近逾超上达过满成破干整单按均萬億兩數幾餘過滿單"
)

# "亿元以上项目", "万元地区生产总值能耗", "亿元产业": a unit used as an adjective needs no number.
_ADJECTIVE = (
    "以上|以下|以内|级|项目|产业|产值|企业|集群|园区|楼宇|村|镇|乡|县|街|户|大关|俱乐部|市场|订单|税收|GDP|地区|国内|"
    "工业|农业|增加值|能耗|用水|单位|规模|投资|跨越|突破|年|/|／|、亿元|、万元|人口|农户|家庭|大户|田"
)

_PERCENT = re.compile("[ \u3000%％‰](?:(?<=[%％‰])|(?<=[ \u3000])[%％‰])")
_MONEY = re.compile(rf"[万亿萬億]元(?!(?:{_ADJECTIVE}))")

# Nouns and verbs which, directly before a measure word that ends its clause, leave no room for a word of their own
# (层次, 首次, 批次, 办件, 条件, 文件 are words; 案件件 and 会议次 are not).
_MEASURES = "(?:件|次|场|个|项|份|条|家|起|篇|宗)"
_MEASURE = re.compile(f"{_MEASURES}{_END}")
_COUNTED = re.compile(
    "(?:"
    "(?:案|文|信|证|邮|稿)件件"
    "|(?:会议|检查|培训|活动|讲座|宣传|巡查|演练|调研|行动|督查|座谈|座谈会|听证会|常务会|发布会|整治|执法)(?:次|余次|万次|余场)"
    "|(?:受理|办结|审结|办理|收到|审查|备案|答复|查处|化解|调解|审核|新收)(?:万件|余件|万余件|余起|余份|余条)"
    ")$"
)
# These also stand in lists of what is counted (活动场次、服务人次、清理项): at the end of a clause a number is due.
_COUNTED_AT_CLOSE = re.compile(
    "(?:"
    "(?:群众|居民|人员|学生|干部|当事人|参训|服务|培训|惠及)(?:人次|万人次|余人次|万余人次)"
    "|(?:制定|修订|废止|合计|共计|累计|总计|共有|(?<![公中])共|(?<![公条节签预违契制合])约|达到)"
    f"(?:余|万)?(?:人次|{_MEASURES})"
    ")$"
)
# 申请件, 建议件 and 投诉件 are also nouns (收到15564件咨询投诉件): a number is missing only where the verb that
# would govern it stands in the clause and no amount does.
_RECEIVED = re.compile(
    "(?:收到|受理|办理|审理|新收|提出|提起|发出|制发)[^0-9零一二三四五六七八九十百千万两多各每余数]{0,16}"
    "(?:申请|建议|提案|议案|复议|诉讼|建议书|意见书)(?:件|万件|余件)$"
)
_NAMES_THE_UNIT = re.compile("(?:单位|为|以|人民币|从|到|和|及|或|个|引进)[万亿萬億]元$")
_WORD_AT_END = re.compile(rf"[{_HAN}\d]+\Z")  # $ would also take the word before a line's end
_PUNCTUATION = re.compile("[，,。；;]")
_AFTER_STOP = re.compile(f"[{_STOP}]")
_LONGEST = 24
# Characters: a sentence is shorter, and a page of one line must not be read anew for every unit in it.
_NEAR = 200
# A clause that lists units (计量单位为件) names them for their own sake.
_LISTS_UNITS = re.compile("单位|计量|量词")

# With what each begins, and the rest: a set of characters at the head is what a search skips to.
_RUN_TOGETHER_PARTS = (
    ("12", r"\d(?<=19|20)\d{2}(?:19|20)\d{2}年"),  # 20212025年
    ("（(", r"(?:19|20)\d{2}(?:19|20)\d{2}[)）]"),
    ("〔", r"(?:19|20)\d{2,7}(?![\d〕\]）)］﹞】年\s-])号?"),  # 国办函〔202130
    ("发函字办规令", r"(?:19|20)\d{3,6}号"),  # 国办发201747号
    ("〔﹝", r"\s*[〕﹞]\s*\d*号?"),
    ("令", r"第号"),
    ("（(", r"[—–\-~～至－]{1,2}年?[)）]"),  # 实施纲要（—年）
    ("年", r"月(?:(?<=\d{4}年月)|(?<=截至年月))(?:日|底|起|至|份)"),
    ("年", r"月日(?:(?<=自年月日)|(?<=于年月日)|(?<=从年月日)|(?<=至年月日))(?=[，,。；;起止至])"),
)
_RUN_TOGETHER = tuple(re.compile(f"[{opening}]{rest}") for opening, rest in _RUN_TOGETHER_PARTS)
# Whether any of them is there: one search in place of nine.
_ANY_RUN_TOGETHER = re.compile(
    f"[{''.join(opening for opening, _ in _RUN_TOGETHER_PARTS)}]"
    f"(?:{'|'.join(f'(?<=[{opening}]){rest}' for opening, rest in _RUN_TOGETHER_PARTS)})"
)
_SIGNATURE = re.compile(rf"[{_HAN}]{{2,30}}(?:府|局|会|室|厅|委|院|办|处|部|署|社|行)")
_DATE_JOINED = re.compile(r"(?:19|20)\d{2}(?P<rest>\d{2,4})$")


def damage_flags(text: str) -> tuple[Flag, ...]:
    """Every damaged place of ``text`` (one block a line, cells parted by tabs), one flag a distinct snippet.

    The evidence is the piece itself, from the last punctuation mark before the loss: ``认线万元``.
    Lines of tables are not read for missing numbers: there a unit may stand alone in a heading cell.
    """
    seen = dict.fromkeys(snippet for snippet in _snippets(text))
    return tuple(Flag(FLAG, snippet) for snippet in seen)


def _snippets(text: str) -> Iterator[str]:
    lines = text.split("\n")
    prose = "\n".join([line for line in lines if "\t" not in line and " | " not in line])
    for match in _PERCENT.finditer(prose) if "%" in prose or "％" in prose or "‰" in prose else ():
        if _is_amount(prose, match.start()) or not _in_sentence(prose, match):
            continue
        yield _clause(prose, match.start()) + match.group()
    for match in _MONEY.finditer(prose) if "元" in prose else ():
        clause = _clause(prose, match.end())
        if not (_is_amount(prose, match.start()) or _NAMES_THE_UNIT.search(clause)) and _in_sentence(prose, match):
            yield clause
    for match in _MEASURE.finditer(prose):
        if prose[max(0, match.start() - 1) : match.start()].isdigit():
            continue
        clause = _clause(prose, match.end())
        closes = prose[match.end() : match.end() + 1] not in ("、", ")", "）")
        uncounted = _COUNTED.search(clause) or (
            closes and (_COUNTED_AT_CLOSE.search(clause) or _RECEIVED.search(clause))
        )
        if uncounted and not _LISTS_UNITS.search(clause) and _in_sentence(prose, match):
            yield clause
    run_together = _RUN_TOGETHER if _ANY_RUN_TOGETHER.search(prose) else ()
    for match in itertools.chain.from_iterable(pattern.finditer(prose) for pattern in run_together):
        head = _WORD_AT_END.search(prose[max(0, match.start() - 12) : match.start()])
        yield (head.group() if head else "") + match.group()
    yield from _joined_signature_date(lines)


def _is_amount(prose: str, end: int) -> bool:
    """Whether what stands before ``end`` is a number, or no Han at all (a heading's bracket, a sign)."""
    last = prose[max(0, end - 1) : end]
    return not "㐀" <= last <= "鿿" or last in _AMOUNT


def _in_sentence(prose: str, match: re.Match[str]) -> bool:
    """Not in a heading or the cell of a flattened table (同比增长%): its line has a mark of punctuation near by."""
    near = max(0, match.start() - _NEAR)
    start = max(prose.rfind("\n", near, match.start()) + 1, near)
    return bool(_PUNCTUATION.search(prose[start : match.end() + _NEAR].partition("\n")[0]))


def _clause(prose: str, end: int) -> str:
    """What stands before ``end``, back to the last mark of punctuation; of a long clause its end."""
    return _AFTER_STOP.split(prose[max(0, end - _LONGEST) : end])[-1]


def _joined_signature_date(lines: list[str]) -> Iterator[str]:
    """``20151214`` at the end of the text, ``202091`` under a signature: dates without their 年, 月 and 日."""
    last = list(itertools.islice(filter(None, map(str.strip, reversed(lines))), 4))
    for before, line in itertools.pairwise(["", *reversed(last)]):
        match = _DATE_JOINED.fullmatch(line)
        if match is None or not _is_month_and_day(match["rest"]):
            continue
        if len(line) == len("20151214") or _SIGNATURE.fullmatch(before):
            yield line


def _is_month_and_day(digits: str) -> bool:
    return any(
        1 <= int(digits[:cut]) <= 12 and 1 <= int(digits[cut:]) <= 31 for cut in (1, 2) if 1 <= len(digits) - cut <= 2
    )
