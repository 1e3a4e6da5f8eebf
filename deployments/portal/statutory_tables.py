"""The tables of a disclosure report, in the shapes the uniform formats gave them, with numbers that agree.

Formats: an indicator table up to report year 2018; 国办公开办函〔2019〕60号 for 2019 and 2020; 国办公开办函〔2021〕30号
since. Every column of the table of applications satisfies the check that it states itself: 第一项加第二项之和，等于
第三项加第四项之和.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.portal.documents import Cell, Grid
from deployments.portal.lot import Lot

APPLICANTS = ("自然人", "商业\n企业", "科研\n机构", "社会公益组织", "法律服务机构", "其他")
_OUTCOMES_2021: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("（一）予以公开", ()),
    ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", ()),
    (
        "（三）不予公开",
        (
            "1.属于国家秘密",
            "2.其他法律行政法规禁止公开",
            "3.危及“三安全一稳定”",
            "4.保护第三方合法权益",
            "5.属于三类内部事务信息",
            "6.属于四类过程性信息",
            "7.属于行政执法案卷",
            "8.属于行政查询事项",
        ),
    ),
    ("（四）无法提供", ("1.本机关不掌握相关政府信息", "2.没有现成信息需要另行制作", "3.补正后申请内容仍不明确")),
    (
        "（五）不予处理",
        (
            "1.信访举报投诉类申请",
            "2.重复申请",
            "3.要求提供公开出版物",
            "4.无正当理由大量反复申请",
            "5.要求行政机关确认或重新出具已获取信息",
        ),
    ),
    (
        "（六）其他处理",
        (
            "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
            "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请",
            "3.其他",
        ),
    ),
)
_OUTCOMES_2019 = (*_OUTCOMES_2021[:5], ("（六）其他处理", ()))


@dataclass(frozen=True, slots=True)
class Applications:
    """Numbers of the table of applications, each a tuple over :data:`APPLICANTS` with the sum last."""

    received: tuple[int, ...]
    carried_in: tuple[int, ...]
    outcomes: tuple[tuple[int, ...], ...]
    """In the order of the rows of 三、, without the line （七）总计."""
    carried_over: tuple[int, ...]

    @property
    def total_outcomes(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*self.outcomes, strict=True)))


def draw_applications(lot: Lot, *, scale: int, year: int) -> Applications:
    """Numbers for one year; ``scale`` is about how many applications come in."""
    rows = sum(len(inner) or 1 for _, inner in _outcomes(year))
    received, carried_in, carried_over, columns = [], [], [], []
    for index in range(len(APPLICANTS)):
        new = lot.number(scale // 2, scale) if index == 0 else lot.number(0, max(1, scale // (6 * index)))
        old = lot.number(0, new // 10 + (index == 0))
        left = lot.number(0, (new + old) // 8)
        received.append(new)
        carried_in.append(old)
        carried_over.append(left)
        columns.append(lot.split(new + old - left, rows))
    outcomes = tuple(_with_sum(row) for row in zip(*columns, strict=True))
    return Applications(_with_sum(received), _with_sum(carried_in), outcomes, _with_sum(carried_over))


def _with_sum(numbers: Sequence[int]) -> tuple[int, ...]:
    return (*numbers, sum(numbers))


def _outcomes(year: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return _OUTCOMES_2021 if year >= 2021 else _OUTCOMES_2019


def _cells(numbers: Sequence[int]) -> tuple[Cell, ...]:
    return tuple(Cell(str(number)) for number in numbers)


def applications_table(numbers: Applications, year: int) -> Grid:
    """Ten columns: three of labels, six of applicants, the sum."""
    rows: list[tuple[Cell, ...]] = [
        (
            Cell("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）", colspan=3, rowspan=3),
            Cell("申请人情况", colspan=7),
        ),
        (Cell("自然人", rowspan=2), Cell("法人或其他组织", colspan=5), Cell("总计", rowspan=2)),
        tuple(Cell(applicant) for applicant in APPLICANTS[1:]),
        (Cell("一、本年新收政府信息公开申请数量", colspan=3), *_cells(numbers.received)),
        (Cell("二、上年结转政府信息公开申请数量", colspan=3), *_cells(numbers.carried_in)),
    ]
    figures = iter(numbers.outcomes)
    first: tuple[Cell, ...] = (Cell("三、本年\n度办理结果", rowspan=len(numbers.outcomes) + 1),)
    for label, inner in _outcomes(year):
        if not inner:
            rows.append((*first, Cell(label, colspan=2), *_cells(next(figures))))
            first = ()
        for number, case in enumerate(inner):
            group = (Cell(label, rowspan=len(inner)),) if number == 0 else ()
            rows.append((*group, Cell(case), *_cells(next(figures))))
    rows.append((Cell("（七）总计", colspan=2), *_cells(numbers.total_outcomes)))
    rows.append((Cell("四、结转下年度继续办理", colspan=3), *_cells(numbers.carried_over)))
    return Grid(tuple(rows))


def proactive_table(lot: Lot, *, scale: int, year: int) -> Grid:
    """主动公开政府信息情况: four columns, a band for each item of article 20 of the 条例."""
    return _proactive_2021(lot, scale) if year >= 2021 else _proactive_2019(lot, scale)


def _band(text: str) -> tuple[Cell, ...]:
    return (Cell(text, colspan=4),)


def _wide(label: str, value: str) -> tuple[Cell, ...]:
    return (Cell(label), Cell(value, colspan=3))


def _line(*cells: object) -> tuple[Cell, ...]:
    return tuple(Cell(str(cell)) for cell in cells)


def _proactive_2021(lot: Lot, scale: int) -> Grid:
    made, void = lot.number(1, 12 + scale // 20), lot.number(0, 6)
    return Grid(
        (
            _band("第二十条第（一）项"),
            _line("信息内容", "本年制发件数", "本年废止件数", "现行有效件数"),
            _line("规章", 0, 0, 0),
            _line("行政规范性文件", made, void, made + lot.number(20, 160)),
            _band("第二十条第（五）项"),
            _wide("信息内容", "本年处理决定数量"),
            _wide("行政许可", str(lot.number(20, 60) * scale)),
            _band("第二十条第（六）项"),
            _wide("信息内容", "本年处理决定数量"),
            _wide("行政处罚", str(lot.number(5, 30) * scale)),
            _wide("行政强制", str(lot.number(0, 4) * scale)),
            _band("第二十条第（八）项"),
            _wide("信息内容", "本年收费金额（单位：万元）"),
            _wide("行政事业性收费", f"{lot.number(100, 9000)}.{lot.number(1, 99):02d}"),
        )
    )


def _proactive_2019(lot: Lot, scale: int) -> Grid:
    made = lot.number(1, 12 + scale // 20)
    items = [lot.number(30, 90) * 4 for _ in range(5)]
    moves = [lot.number(-9, 20) for _ in range(5)]
    return Grid(
        (
            _band("第二十条第（一）项"),
            _line("信息内容", "本年新制作数量", "本年新公开数量", "对外公开总数量"),
            _line("规章", 0, 0, 0),
            _line("规范性文件", made, made, made + lot.number(20, 160)),
            _band("第二十条第（五）项"),
            _line("信息内容", "上一年项目数量", "本年增/减", "处理决定数量"),
            _line("行政许可", items[0], moves[0], lot.number(20, 60) * scale),
            _line("其他对外管理服务事项", items[1], moves[1], lot.number(20, 60) * scale),
            _band("第二十条第（六）项"),
            _line("信息内容", "上一年项目数量", "本年增/减", "处理决定数量"),
            _line("行政处罚", items[2], moves[2], lot.number(5, 30) * scale),
            _line("行政强制", items[3], moves[3], lot.number(0, 4) * scale),
            _band("第二十条第（八）项"),
            (Cell("信息内容"), Cell("上一年项目数量"), Cell("本年增/减", colspan=2)),
            (Cell("行政事业性收费"), Cell(str(items[4] // 10)), Cell(str(moves[4] // 5), colspan=2)),
            _band("第二十条第（九）项"),
            (Cell("信息内容"), Cell("采购项目数量"), Cell("采购总金额", colspan=2)),
            (Cell("政府集中采购"), Cell(str(lot.number(10, 300))), Cell(f"{lot.number(300, 90000)}万元", colspan=2)),
        )
    )


def review_litigation_table(lot: Lot, *, scale: int) -> Grid:
    """行政复议、行政诉讼情况: fifteen columns in three groups of five, the fifth of each the sum."""
    numbers: list[int] = []
    for size in (scale // 6, scale // 8, scale // 10):
        numbers += _with_sum(
            [lot.number(0, size), lot.number(0, size // 4), lot.number(0, size // 3), lot.number(0, 2)]
        )
    results = tuple(Cell(text) for text in ("结果\n维持", "结果\n纠正", "其他\n结果", "尚未\n审结", "总计"))
    tall = tuple(Cell(cell.text, rowspan=2) for cell in results)
    return Grid(
        (
            (Cell("行政复议", colspan=5), Cell("行政诉讼", colspan=10)),
            (*tall, Cell("未经复议直接起诉", colspan=5), Cell("复议后起诉", colspan=5)),
            (*results, *results),
            _cells(numbers),
        )
    )


def indicator_table(lot: Lot, *, scale: int, year: int) -> Grid:
    """The one table of the reports before 2019: indicator, unit, number of the year."""
    web, bulletin = lot.number(20, 60) * scale, lot.number(0, scale)
    onsite, online, letters = lot.number(0, scale // 3), lot.number(scale // 3, scale), lot.number(0, scale // 4)
    full, part, none, other = lot.split(onsite + online + letters, 4)
    lines = (
        ("主动公开信息数", "条", web + bulletin),
        ("其中：1.政府网站公开数", "条", web),
        ("2.政府公报公开数", "条", bulletin),
        ("受理依申请公开信息总数", "条", onsite + online + letters),
        ("其中：1.当面申请数", "条", onsite),
        ("2.网上申请数", "条", online),
        ("3.信函、传真申请数", "条", letters),
        ("对申请的答复总数", "条", full + part + none + other),
        ("其中：1.同意公开答复数", "条", full),
        ("2.同意部分公开答复数", "条", part),
        ("3.不予公开答复数", "条", none),
        ("4.其他类型答复数", "条", other),
        ("行政复议数", "件", lot.number(0, 9)),
        ("行政诉讼数", "件", lot.number(0, 9)),
    )
    return Grid((_line("指标名称", "计量单位", f"{year}年度"), *(_line(*line) for line in lines)))
