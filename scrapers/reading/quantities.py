"""Quantities in running text: a number with its unit, what it counts, and the clause in which it stands.

``收到行政复议申请379件`` gives 379 件 of 收到行政复议申请, ``出庭应诉率达到98.5%`` gives 98.5 % of 出庭应诉率. Tables
are left out: the statutory ones come as figures (``scrapers.reading.figures``).

A number is a quantity by its unit. What has none (years, 文号, telephone numbers, 1+6+X) is none, nor is one that a
sign before it makes a name, a rank or an interval: 第三条, 前10名, 每2个月. A single Chinese digit counts only at the
end of a clause (召开会议三次), for before a noun it mostly belongs to a set phrase: 三项制度, 一件事. Left out are
ranges (2至3次), which are two bounds and no number, vague ones (数十件), and whatever stands within 《》.

What a number counts begins with its time where that is not the report's year: 累计 or 自2016年以来 for a sum of years,
将 for what is only planned. Both may stand some clauses before the number: 下一步，将加强队伍，开展培训20次.
"""

from __future__ import annotations

import hashlib
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from typing import Final

from scrapers.reading.simplified import simplified
from scrapers.records import Block, Quantities, Quantity

_UNITS: Final = {
    "count": (
        "人次 件次 场次 家次 批次 户次 台次 车次 项次 篇次 人 名 位 户 件 个 项 条 次 份 场 家 起 宗 篇 期 批 部 卷 处 "
        "支 所 座 台 辆 本 册 张 套 类 种 页 字 例 幅 块 只 头 株 间 栋 轮 遍 门 节 堂 档 款 则 面 架 艘 枚 口 道 片 "
        "股 组 学时 课时"
    ),
    "amount": "元 美元 欧元 港元 日元",
    "duration": "个工作日 个自然日 工作日 天 个小时 小时 分钟 个月",
    "measure": "平方公里 平方千米 平方米 立方米 公里 千米 米 海里 亩 公顷 吨 公斤 千克 升 兆瓦 千瓦时 千瓦",
    "score": "分",
    "ratio": "倍",
}
_KINDS: Final = {unit: kind for kind, units in _UNITS.items() for unit in units.split()}
_LONG_UNITS: Final = "|".join(sorted((unit for unit in _KINDS if len(unit) > 1), key=len, reverse=True))
_SHORT_UNITS: Final = "".join(unit for unit in _KINDS if len(unit) == 1)
_FIRST: Final = "".join(sorted({unit[0] for unit in _KINDS}))
_UNIT: Final = f"(?=[{_FIRST}])(?:{_LONG_UNITS}|[{_SHORT_UNITS}])"
_OTHER_WORDS: Final = {
    unit: re.compile(others)
    for unit, others in {
        "个": "人(?!民|大)|体|性|案|税|别",
        "人": "民|大|均|员|士|才|口|社|工|事",
        "分": "之|别|类|级|管|局|公司|期|为|成|批|布|配|析|工|解|享|层|中心|钟",
        "条": "例|款|线",
        "项": "目",
        "所": "有|属|在|需|得",
        "部": "门|分|长|委|队|署|级",
        "面": "向|对|积|临",
        "门": "户",
        "处": "室|罚|理|置|长|级|分|于",
        "期": "间|限|内|末",
        "类": "型|别",
        "种": "子|植",
        "起": "来|至|诉|草|步|施行",
        "次": "年|日|月",
        "位": "居|一体|于",
        "组": "织|成|长|建",
        "本": "年|次|级|市|县|区|省|地|单位|报告",
        "家": "长|庭|级",
        "户": "籍|外",
        "节": "约|点|假",
        "股": "份|权|室",
        "道": "路",
        "片": "区",
        "场": "所|景",
        "台": "湾|账|胞",
        "元": "旦|素",
        "头": "部",
        "口": "岸|径",
        "小时": "制|热线",
        "分钟": "[一-鿿]{0,12}圈",
        "只": "[跑需要能有]",
        "款": "项",
        "升": "级",
        "米": "饭",
        "名": "单|录|称",
        "字": "化|号|样",
    }.items()
}
"""What may not follow a unit, for the two together would be another word: 3个人, 5部门, 2项目."""
_SCALE: Final = {"百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12}
_DIGITS: Final = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES: Final = {"十": 10, "百": 100, "千": 1000}
_HALF_WIDTH: Final = str.maketrans("０１２３４５６７８９．％", "0123456789.%", ",，")

_SENTENCE_END: Final = re.compile("[。；;！？!?\n]")
_CLAUSE_END: Final = re.compile("[，。；;：！？!?,\n](?<![0-9][，,](?=[0-9]{3}(?![0-9])))")
_GAP: Final = "[ \u00a0\u3000]?"
_SCALED: Final = "(?P<{0}more>[余多])?(?P<{0}scale>{1})?(?P<{0}and>[余多])?{2}(?P<{0}unit>{3})"
_DIGIT: Final = "[0-9０-９]"
_NUMERAL: Final = "[零〇一二两三四五六七八九十百千]"
# Each way begins with a set of characters, which the search skips to; that none of them stands before is asked behind
# the first. Nothing is given back (++): a shorter number would be none.
_FOUND: Final = re.compile(
    rf"(?P<number>{_DIGIT}(?<!{_DIGIT}{{2}})(?:[0-9]{{0,2}}(?:[,，][0-9]{{3}})++(?:\.[0-9]{{1,9}}+)?"
    rf"|{_DIGIT}{{0,14}}+(?:[.．]{_DIGIT}{{1,9}}+)?+))"
    rf"{_GAP}(?:(?P<sign>[%％‰])|个(?P<points>百分点)|{_SCALED.format('', '万亿|百万|千万|[百千万亿]', _GAP, _UNIT)})"
    rf"|百分之(?P<hundredth>百|{_NUMERAL}++(?:点[零〇一二三四五六七八九]++)?|{_DIGIT}{{1,9}}+(?:[.．]{_DIGIT}{{1,9}}+)?)"
    rf"|(?P<numeral>{_NUMERAL}(?<!{_NUMERAL}{{2}}){_NUMERAL}*+)"
    rf"(?:个(?P<c_points>百分点)|{_SCALED.format('c_', '[万亿]', '', _UNIT)})"
)
_INSIDE: Final = frozenset("0123456789０１２３４５６７８９.．,/:∶")
"""Right before a number: it is the end of another one, of a date or of a ratio."""
_NO_COUNT_BEFORE: Final = re.compile(
    "(?:[第每逢A-Za-z〔[+×*^—–~～-]|(?:排名|位列|位居|全[国省市区县]|列)?(?<!目)(?<!以)(?<!会)(?<!之)前"
    "|(?<=[0-9%％件个项人次天条万])[至到])[ \u00a0]?$"
)
"""A rank, a name, an interval, or the second bound of a range."""
_VAGUE_BEFORE: Final = re.compile("[数几上若好成零〇一二两三四五六七八九十百千万亿]$")
_NO_COUNT_AFTER: Final = re.compile("[—–~～/+×-]|[至到](?=[0-9０-９零一二两三四五六七八九十])")
# The last and first characters that those patterns can meet, so that most numbers need neither.
_SUSPECT_BEFORE: Final = frozenset("第每逢〔[+×*^—–~～-前至到 \u00a0" + string.ascii_letters)
_SUSPECT_AFTER: Final = frozenset("—–~～/+×-至到")
_RISE: Final = "增长|上升|提高|提升|增加|增幅|涨幅|上涨|攀升"
_FALL: Final = "下降|减少|降低|降幅|压缩|压减|缩短|缩减|下跌|回落"
_CHANGE: Final = re.compile(f"(?:{_RISE}|(?P<fall>{_FALL}))(?:了|率)?(?:分别)?(?:为|达到?)?(?:约|近|超过?)?[ \u00a0]?$")
_FROM: Final = re.compile("[由从自](?:上一?年度?|上年末|去年|前年|往年|[0-9]{4}年度?末?|.{1,2}年前)?(?:同期)?$")
_ONLY_CHANGE: Final = re.compile(
    "(?:的?基础上)?(?:较上年|比上年|同比|环比|总体|整体|分别|均)*"
    f"(?:(?:{_RISE}|{_FALL})?(?:了|率)?[到至]?|[升增降减][到至])(?:(?<=[到至])[0-9]{{4}}年度?)?"
)
"""A rise or a fall, or what it ends at: 由120件增至236件, 从2022年的92%上升至2023年的98%."""
_ABOUT_BEFORE: Final = re.compile(
    "(将近|接近|不足|不少于|不低于|不超过|不高于|不到|至少|最多|大约|超过|突破|[近约超逾])[ \u00a0]?$"
)
_ABOUT_LAST: Final = frozenset("近足于过到少多约破超逾 \u00a0")
_ABOUT_AFTER: Final = re.compile("以上|以下|以内|左右|上下")
_ENCLOSED: Final = re.compile("（[^（）]*）|\\([^()]*\\)")
_LEADING: Final = re.compile(
    "^(?:[、和与及或并也还等 \u00a0]|其中|以及|另有|[0-9]{4}年(?:度|以来|底|末)?|[0-9]{1,2}月份?|全年(?!龄)|今年以来"
    "|年初以来|一年(?:以)?来|本年度?|截[至止]|目前|共计|合计|累计|总计|一共|共(?!同|享|建|治|有产|和)|先后|已经?|均|分别"
    "|对(?!口)|将|把(?!关)|由|从|在|有(?=[0-9]|$))+"
)
_TRAILING: Final = (
    *(
        "达到了",
        "均达到",
        "不少于",
        "不低于",
        "不超过",
        "不高于",
        "达到",
        "共有",
        "共计",
        "合计",
        "累计",
        "总计",
        "总数",
    ),
    *("一共", "超过", "将近", "接近", "不足", "不到", "至少", "最多", "大约", "突破", "控制在", "保持在", "稳定在"),
    *("高达", "多达", "分别为", "分别", *"达均约近超逾已了为计共是有仅只占把对的"),
)
_LAST: Final = frozenset(word[-1] for word in _TRAILING)
_KEPT: Final = ("行为", "作为", "认为", "所有", "现有", "持有", "拥有", "目的", "应对", "规划", "统计", "设计", "审计")
"""Words that end as one of those does, and are not taken apart."""
_NOUN: Final = re.compile("[ \u00a0]?([一-鿿]{1,16})")
_NO_NOUN: Final = re.compile(
    "以上|以下|以内|左右|上下|[的均并被获已由向和与及或后前占超比较为是]|所有|全部|进行|开展|实现|逐|提出|参加|参与|达到|完成|通过|纳入|列入|分别"
    "|属于|得到|以|用于|开始|一窗|中(?:具|有|的)"
)
_YEAR_BEHIND: Final = re.compile("(?<![由从自较比在与至到截])(?:19|20)[0-9]{2}年(?:度|全年)?$")
"""A year between the thing and its number, part of neither: 收到申请2022年280件. After 较 or 由 it says more."""
_TIME: Final = re.compile(
    "(?P<own>全年|今年|本年|当年|年内|年初以来|一年(?:以)?来|过去一年|报告期|上半年|下半年|年度内"
    "|(?<![自从至到截止—–~～-])(?:19|20)[0-9]{2}年(?![底末起初间]|开始|以来|[至到—–~～-]|[^，,。；;]{0,6}以来))"
    "|(?P<since>(?:19|20)[0-9]{2}年?(?:[—–~～－-]|至|到)(?:20)?[0-9]{2}年"
    "|[^，,。；;：:、\n]{2,16}(?:以来|至今(?!年))"
    "|(?:近|过去|最近)?(?:几|多|数|[两二三四五六七八九十]{1,2}|(?<![0-9])[0-9]{1,2})年(?:来|间)|近年来"
    "|(?:近|过去|最近)(?:几|[两二三四五六七八九十]|[0-9]{1,2})年|历年(?=累计|来|以来|共)|累计)"
)
"""Of which time a number is said: of the year, or of more than it. The nearest before the number holds."""
_UNTIL: Final = re.compile("截[至止][^，,]*|《[^》]*》|（[^（）]*）|\\([^()]*\\)")
"""Up to a day, which says nothing of the beginning; and what the sentence names and does not say."""
_FROM_NOW_ON: Final = re.compile(
    "[下新今明来将2](?:(?<=下)(?<!为下)一?(?:步|阶段)|(?<=下)(?<!与下)一年|(?<=新)的一年|(?<=今)后|(?<=[明来])年"
    "|(?<=将)从(?:以下|如下|[^，,。；;\n]{1,8}方面)|(?<=2)0[0-9]{2}年[^。；;\n]{0,12}将(?=继续|进一步|从|围绕|按照|认真|坚持|重点|着力"
    "|全面|不断|切实|持续|深入|加[强大快]|抓好|做好|开展|举办|组织|完成|新增|推进)(?![^，,。；;]{0,24}(?:纳入|作为|列[入为])))"
)
"""From here to the end of its paragraph is said what is still to be done."""
_PLANNED: Final = re.compile(
    "(?:(?<![一-鿿])|(?<=[年步县市区省局镇委府]))(?:拟(?=[于在新开举组完制出建召受])|计划(?=[于在新开举组完制出建召受]))"
    "|(?<!即)将(?=继续|进一步|开展|举办|组织|完成|新增|新建|制定|出台|修订|建成|推进|加大|开设|培训|召开|实现|达到?[0-9]|力争|于|在)"
    "(?![^，,。；;]{0,24}(?:纳入|作为|列[入为]|情况))"
)
"""The same for one sentence. 将 also begins what was done (将12个事项纳入清单), and 拟 may be said of a
thing: 审核拟公开信息12条."""
_LONG_TIMES: Final = re.compile("累计|以来|至今|年[来间至到]|近|过去|历年|[—–－~～-]")
"""Without one of them a sentence names no time of several years."""
_PLANS: Final = frozenset("拟划将")
_AIMED: Final = ("将", "拟", "计划", "力争", "争取", "目标", "预期目标")
_LONGEST_LEAD: Final = 160
"""Characters before a clause that may say of which time its numbers are."""
_LONGEST_SAID: Final = 2 * _LONGEST_LEAD
"""Characters before a number in which its time is looked for: a clause may be a page long and full of numbers."""
_LONGEST: Final = 24
"""Characters of text before a number that may say what it counts."""

_RULES: Final = (
    _FOUND,
    _CLAUSE_END,
    _NO_COUNT_BEFORE,
    _NO_COUNT_AFTER,
    _CHANGE,
    _FROM,
    _ONLY_CHANGE,
    _LEADING,
    _NO_NOUN,
    _YEAR_BEHIND,
    _TIME,
    _UNTIL,
    _FROM_NOW_ON,
    _PLANNED,
)
EXTRACTOR_VERSION: Final = f"2+{hashlib.sha256(''.join(rule.pattern for rule in _RULES).encode()).hexdigest()[:8]}"
"""Kept beside the quantities, which change with it: the number of the procedure and a digest of its rules."""


def quantities(text: str, blocks: Sequence[Block] = ()) -> Quantities:
    """The quantities of ``text`` in their order, without those of tables among ``blocks``.

    ``blocks`` make the text, one a line (``Draft``); without them each line is taken for one. Traditional text is read
    as Simplified: ``counted`` is, while ``printed`` and ``clause`` are as the page has them. Raises nothing.
    """
    plain = simplified(text)
    if len(plain) != len(text):  # a word was converted to one of another length, so no place would hold
        plain = text
    lengths = [len(block.text) + 1 for block in blocks] or [len(line) + 1 for line in text.split("\n")]
    starts = list(accumulate(lengths[:-1], initial=0))
    tables = frozenset(index for index, block in enumerate(blocks) if block.kind == "table")
    stops = [-1, *(match.start() for match in _CLAUSE_END.finditer(plain)), len(plain)]
    found: list[Quantity] = []
    plans = _plans(plain, blocks, starts, lengths)
    last = -2  # number of the clause in which the last quantity stands
    for index, matches in groupby(_FOUND.finditer(plain), key=lambda match: bisect_left(stops, match.start()) - 1):
        start, stop = stops[index] + 1, stops[index + 1]
        counts = [match for match in matches if _is_count(plain, start, match)]
        block = bisect_right(starts, start) - 1
        if not counts or block in tables:
            continue
        if start == starts[block]:
            before = None  # the clause begins its block
        elif last == index - 1:
            before = found[-1].counted or ""
        else:
            before = _name(plain[max(stops[index - 1] + 1, start - 1 - _LONGEST) : start - 1])
        held = len(found)
        lead = max(starts[block], start - _LONGEST_LEAD)
        shown = text[start:stop].strip()
        found.extend(_of_clause(plain, start, stop, counts, before, text, shown, block, lead, plans[block]))
        last = index if len(found) > held else last
    return Quantities(EXTRACTOR_VERSION, tuple(found))


def _of_clause(
    plain: str,
    begin: int,
    stop: int,
    matches: Sequence[re.Match[str]],
    before: str | None,
    text: str,
    shown: str,
    block: int,
    lead: int,
    plan: int,
) -> Iterator[Quantity]:
    """The quantities of one clause. ``before``: what the clause before it speaks of; ``None`` where it begins its
    block."""
    ends = [*(match.start() for match in matches[1:]), stop]
    taken = begin  # up to here the clause belongs to the quantities before
    named: str | None = None
    falls: bool | None = None
    for match, next_start in zip(matches, ends, strict=True):
        number, kind, unit = _read(match)
        start, end = match.span()
        left, after = plain[taken:start], plain[end:next_start]
        taken = end
        if number is None:
            continue
        if before is None and match is matches[0] and _SECTION_NUMBER.fullmatch(plain[begin:end]):
            # 1.3个乡镇 at the head of a paragraph: its number, then three of something.
            start = plain.index(".", start) + 1
            number = float(match["number"].partition(".")[2])
        name = _name(left)
        change = _CHANGE.search(left[-10:]) if kind not in ("measure", "score") else None
        if change is not None and change[0].strip().endswith("为") and named and _FROM.search(named):
            change = falls = None  # 由12%下降为9%: what it fell to, and not by how much
        elif change is not None:
            kind, falls = "change", change["fall"] is not None
        elif name or kind not in ("rate", "ratio"):
            falls = None
        elif falls is not None:  # 分别增长31.8%、8.3%
            kind = "change"
        if falls:
            number = -number
        about = (_ABOUT_BEFORE.search(left[-6:]) if left[-1:] in _ABOUT_LAST else None) or _ABOUT_AFTER.match(after)
        marker = match["more"] or match["and"] or match["c_more"] or match["c_and"]
        if not name or kind in ("count", "amount", "measure", "score"):
            noun = _noun(after)
            if name and noun and next_start < stop and len(noun) == len(after.strip()):
                noun = ""  # 受理70件审结65件: 审结 is said of the next
            if noun:
                taken = end + after.index(noun) + len(noun)
                name += noun
        if not name and named is None:
            name = ("" if next_start < stop else _said(after)) or before or ""
        elif _ONLY_CHANGE.fullmatch(name):  # 招引人才837名、增长43.39%
            name = (named or before or "") + name
        named = name or named
        yield Quantity(
            number=number,
            unit=unit,
            kind=kind,
            printed=text[start:end],
            counted=_told_of(named, kind, plain[max(lead, start - _LONGEST_SAID) : start], planned=plan < start)
            if named
            else None,
            approximate=marker or (about[0].strip() if about else None),
            clause=shown,
            block=block,
            offset=start,
        )


def _plans(plain: str, blocks: Sequence[Block], starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """For each block from where on only plans stand in it; the end of the text where none do.

    A heading (下一步工作安排) and a line that ends in a colon (下一步，将从以下方面改进：) speak for what follows
    too, up to the next heading. A heading that also names shortcomings does not.
    """
    plans: list[int] = []
    goes_on = False
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        heads = number < len(blocks) and blocks[number].kind == "heading"
        goes_on = goes_on and not heads
        found = _FROM_NOW_ON.search(plain, start, start + length)
        plans.append(start if goes_on else len(plain) if found is None else found.start())
        if found is not None:
            line = plain[start : start + length].rstrip()
            goes_on = goes_on or (heads and not _LACKING.search(line)) or line.endswith(("：", ":"))
    return plans


_LACKING: Final = re.compile("问题|不足|短板|困难|差距")


def _told_of(name: str, kind: str, said: str, *, planned: bool) -> str:
    """``name`` with the words that say of which time a number is, where it is not the year's; ``said`` stands before it
    in its paragraph."""
    sentence = _SENTENCE_END.split(said)[-1]
    if not name.startswith(_AIMED) and (planned or (_PLANS & set(sentence) and _PLANNED.search(sentence))):
        return "将" + name.rpartition("将")[2]
    if kind not in ("count", "amount") or _LONG_TIMES.search(sentence) is None:
        return name
    since = None
    for match in _TIME.finditer(_UNTIL.sub("", sentence)):
        if since is None or match["since"] != "累计":  # 全年累计: the sum over the year
            since = match["since"] or ""
    if since and "自" in since:  # 我区自开展行动以来
        since = since[since.rindex("自") :]
    name = name.removeprefix("以来")
    return since + name if since and since not in name else name


_SECTION_NUMBER: Final = re.compile(r"\s*[0-9]{1,2}\.[0-9]{1,6}[^0-9%％‰万亿倍.]+")


def _is_count(plain: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the number counts something; its clause begins at ``begin``."""
    start, end = match.span()
    left, after = plain[max(begin, start - 40) : start], plain[end : end + 12]
    if left[-1:] in _INSIDE and match["number"]:
        return False
    if "《" in left and left.rindex("《") > left.rfind("》"):
        return False
    if left[-1:] in _SUSPECT_BEFORE and _NO_COUNT_BEFORE.search(left[-5:]):
        return False
    if after[:1] in _SUSPECT_AFTER and _NO_COUNT_AFTER.match(after):
        return False
    if left.endswith("“") and after.startswith("”"):  # a document known as “28条”
        return False
    unit = match["unit"] or match["c_unit"]
    if unit in _OTHER_WORDS and _OTHER_WORDS[unit].match(after):
        return False
    numeral = match["numeral"]
    if numeral is None:
        return True
    if _VAGUE_BEFORE.search(left):
        return False
    if len(numeral) > 1 or match["c_points"]:
        return True
    if match["c_more"] or match["c_and"] or (numeral in _PLACES and _ABOUT_BEFORE.search(left)):
        return numeral in _PLACES or match["c_scale"] is not None
    # A single digit: only as the last word of its clause, with something said before it.
    return (
        numeral != "一"
        and numeral not in _PLACES
        and bool(left)
        and (not after or after[0] in "、（(）)，。；;：！？!?,\n")
    )


def _read(match: re.Match[str]) -> tuple[float | None, str, str]:
    """Number, kind and unit; 万 and 亿 are multiplied out. No number where numerals make none (三四次)."""
    if match["hundredth"]:
        return _hundredths(match["hundredth"]), "rate", "%"
    number = _chinese(match["numeral"]) if match["numeral"] else float(match["number"].translate(_HALF_WIDTH))
    if match["sign"]:
        return number, "rate", "‰" if match["sign"] == "‰" else "%"
    if match["points"] or match["c_points"]:
        return number, "rate", "百分点"
    scale = match["scale"] or match["c_scale"]
    unit = match["unit"] or match["c_unit"]
    if number is not None and scale:
        number = round(number * _SCALE[scale], 6)
    return number, _KINDS[unit], unit.removeprefix("个") if unit != "个" else unit


def _hundredths(said: str) -> float | None:
    if said == "百":
        return 100.0
    if said[0] in "0123456789０１２３４５６７８９":
        return float(said.translate(_HALF_WIDTH))
    whole, _, rest = said.partition("点")
    number = _chinese(whole)
    return number if number is None or not rest else number + float("0." + "".join(str(_DIGITS[d]) for d in rest))


def _chinese(numeral: str) -> float | None:
    """A number below 10,000 in Chinese numerals; ``None`` where they make none: 三四, 五百千, 十十."""
    total = digit = 0
    above = 10_000
    for character in numeral:
        if character in _PLACES:
            place = _PLACES[character]
            if place >= above or (digit == 0 and place != 10):
                return None if total or digit or numeral not in _PLACES else float(place)
            total, digit, above = total + (digit or 1) * place, 0, place
        elif digit:
            return None
        else:
            digit = _DIGITS[character]
    return float(total + digit)


def _name(left: str) -> str:
    """What is said before a number, without the words that only lead to it."""
    if "（" in left or "(" in left:
        left = _ENCLOSED.sub("", left)
        left = re.split("[（(]", left)[-1]
    if "》" in left:
        left = left[left.rfind("》") + 1 :]
    left = left[-_LONGEST:]
    if "“" in left or "”" in left:
        left = left.replace("“", "").replace("”", "")
    left = left.strip(" \u00a0\t）)、")
    left = _LEADING.sub("", left)
    while left and left[-1] in _LAST and not left.endswith(_KEPT):
        word = next((word for word in _TRAILING if left.endswith(word)), None)
        if word is None:
            break
        left = left[: -len(word)].rstrip(" \u00a0")
    year = _YEAR_BEHIND.search(left)
    return left[: year.start()].rstrip(" \u00a0") if year is not None and year.start() else left


def _said(after: str) -> str:
    """Whatever follows a number and its unit: for one with nothing before it, and no noun behind."""
    match = _NOUN.match(after)
    return match[1].removeprefix("的") if match is not None and not _ABOUT_AFTER.match(match[1]) else ""


def _noun(after: str) -> str:
    """What follows a number and its unit, up to the first word that is said of it."""
    match = _NOUN.match(after)
    if match is None:
        return ""
    word = match[1]
    cut = _NO_NOUN.search(word)
    return word if cut is None else word[: cut.start()]
