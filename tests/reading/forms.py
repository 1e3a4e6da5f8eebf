"""The three statutory tables as markup, with the spans of the form and with every way in which pages get them wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scrapers.reading.figures import read_forms
from scrapers.records import Figure, Table

Path = tuple[str, ...]

APPLICANTS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
REMARK = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
NEW, CARRIED_IN = "一、本年新收政府信息公开申请数量", "二、上年结转政府信息公开申请数量"
RESULTS, CARRIED_OVER = "三、本年度办理结果", "四、结转下年度继续办理"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "（一）予以公开": (),
    "（二）部分公开（区分处理的，只计这一情形，不计其他情形）": (),
    "（三）不予公开": ("1.属于国家秘密", "2.其他法律行政法规禁止公开", "3.危及“三安全一稳定”"),
    "（四）无法提供": ("1.本机关不掌握相关政府信息", "2.没有现成信息需要另行制作"),
    "（五）不予处理": ("1.信访举报投诉类申请", "2.重复申请"),
    "（六）其他处理": ("1.申请人无正当理由逾期不补正", "2.其他"),
    "（七）总计": (),
}
PATHS: tuple[Path, ...] = (
    (NEW,),
    (CARRIED_IN,),
    *((RESULTS, group, *case) for group, cases in GROUPS.items() for case in (tuple((one,) for one in cases) or ((),))),
    (CARRIED_OVER,),
)
OUTCOMES = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
DISPUTES: tuple[Path, ...] = (("行政复议",), ("行政诉讼", "未经复议直接起诉"), ("行政诉讼", "复议后起诉"))


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    wide: int = 1
    high: int = 1

    def markup(self) -> str:
        wide = f' colspan="{self.wide}"' if self.wide > 1 else ""
        high = f' rowspan="{self.high}"' if self.high > 1 else ""
        return f"<td{wide}{high}><p>{self.text}</p></td>"


Rows = list[list[Cell]]


def markup(rows: Iterable[Sequence[Cell]]) -> str:
    return "<table>" + "".join(f"<tr>{''.join(cell.markup() for cell in row)}</tr>" for row in rows) + "</table>"


def heads_of_applications() -> Rows:
    return [
        [Cell(REMARK, 3, 3), Cell("申请人情况", 7)],
        [Cell("自然人", 1, 2), Cell("法人或其他组织", 5), Cell("总计", 1, 2)],
        [Cell(name) for name in APPLICANTS[1:6]],
    ]


def rows_of_applications(values: Mapping[Path, Sequence[str]]) -> Rows:
    """One row for each of ``PATHS``, its cells as the form merges them."""
    rows: Rows = []
    height = sum(path[0] == RESULTS for path in PATHS)
    for path in PATHS:
        row: list[Cell] = []
        if path[0] != RESULTS:
            row.append(Cell(path[0], 3))
        else:
            if path[1] == next(iter(GROUPS)):
                row.append(Cell(RESULTS, 1, height))
            cases = GROUPS[path[1]]
            if not cases:
                row.append(Cell(path[1], 2))
            else:
                if path[2] == cases[0]:
                    row.append(Cell(path[1], 1, len(cases)))
                row.append(Cell(path[2]))
        rows.append([*row, *map(Cell, values[path])])
    return rows


def review(values: Sequence[str]) -> Rows:
    """Reviews and lawsuits, fifteen figures."""
    return [
        [Cell("行政复议", 5), Cell("行政诉讼", 10)],
        [*(Cell(kind, 1, 2) for kind in OUTCOMES), Cell("未经复议直接起诉", 5), Cell("复议后起诉", 5)],
        [Cell(kind) for kind in OUTCOMES * 2],
        list(map(Cell, values)),
    ]


def proactive(values: Mapping[str, Sequence[str]]) -> Rows:
    """Documents, decisions and fees; ``values`` by the label of the row."""
    return [
        [Cell("第二十条第（一）项", 4)],
        [Cell("信息内容"), Cell("本年制发件数"), Cell("本年废止件数"), Cell("现行有效件数")],
        [Cell("规章"), *map(Cell, values["规章"])],
        [Cell("行政规范性文件"), *map(Cell, values["行政规范性文件"])],
        [Cell("第二十条第（五）项", 4)],
        [Cell("信息内容"), Cell("本年处理决定数量", 3)],
        [Cell("行政许可"), Cell(values["行政许可"][0], 3)],
        [Cell("第二十条第（八）项", 4)],
        [Cell("信息内容"), Cell("本年收费金额（单位：万元）", 3)],
        [Cell("行政事业性收费"), Cell(values["行政事业性收费"][0], 3)],
    ]


# ------------------------------------------------------------------------------------------------ damage


def spaced(rows: Rows, every: int = 1) -> Rows:
    """As a spreadsheet exports it: an empty cell behind every one, or behind every second."""
    spread: Rows = []
    for row in rows:
        wide: list[Cell] = []
        for n, cell in enumerate(row):
            wide.append(cell)
            if n % every == 0:
                wide.append(Cell("", 1, cell.high))
        spread.append(wide)
    return spread


def doubled(rows: Rows) -> Rows:
    """Every column in two: heads are merged over both, figures stand in the first."""
    return [
        [
            one
            for cell in row
            for one in (
                (cell, Cell("")) if is_figure(cell) and cell.wide == 1 else (replace(cell, wide=2 * cell.wide),)
            )
        ]
        for row in rows
    ]


def is_figure(cell: Cell) -> bool:
    return cell.text.replace(".", "").isdigit()


def with_empty_rows(rows: Rows) -> Rows:
    return [one for row in rows for one in (row, [Cell("", 10)])]


def with_an_empty_column(rows: Rows) -> Rows:
    return [[Cell(""), *row] for row in rows]


def without_spans(rows: Rows, direction: str) -> Rows:
    """No cell is merged in ``direction``, ``wide`` or ``high``, any more."""
    return [[replace(cell, wide=1) if direction == "wide" else replace(cell, high=1) for cell in row] for row in rows]


def with_wrong_span(rows: Rows, direction: str, which: int, by: int) -> Rows:
    """The ``which``-th merged cell reaches ``by`` cells further (or less far) in ``direction``."""
    merged = [(y, x) for y, row in enumerate(rows) for x, cell in enumerate(row) if getattr(cell, direction) > 1]
    y, x = merged[which % len(merged)]
    hurt = [list(row) for row in rows]
    hurt[y][x] = replace(hurt[y][x], **{direction: max(1, getattr(hurt[y][x], direction) + by)})
    return hurt


def figures(tables: Sequence[Table]) -> tuple[Figure, ...]:
    """What is read of the forms among ``tables``, whatever is in doubt."""
    return read_forms(tables).figures
