"""The statutory tables of a disclosure report as figures: row labels x column -> the number as printed.

国办公开办函〔2021〕30号 fixes three tables: what was published (主动公开), what was asked for (依申请公开), and what
was contested (行政复议、行政诉讼). Its forerunner 国办公开办函〔2019〕60号 has the same three with other columns. Forms
before 2019 have one table of indicators instead (政府信息公开情况统计表); its rows come as table ``statistics``.
Labels lose their white space, which only breaks lines on the page; figures stay as printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scrapers.records import Figure, Table

_APPLICANTS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
_NEW = re.compile(r"^[一1][、.．]?本年新收")
_CARRIED_IN = re.compile(r"^[二2][、.．]?上年结转")
_RESULTS = re.compile(r"^[三3][、.．]?本年度?办理结果")
_CARRIED_OVER = re.compile(r"^[四4][、.．]?结转下年")
_INDICATOR = re.compile(r"^(?:统计)?指标(?:名称)?$|^项目$|^统计指标$")
_COUNTED = re.compile(r"单位|统计数|累计|年度?$|数量|件数")
_TOTAL = re.compile(r"^(?:[（(][一二三四五六七八九十]+[)）])?总计$")

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")

RULE = "第一项加第二项之和，等于第三项加第四项之和"
"""The check as the form states it: new + carried in = results in all + carried over."""


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """The stated check for one kind of applicant; ``None`` for a cell without a number."""

    column: str
    new: Decimal | None
    carried_in: Decimal | None
    results_total: Decimal | None
    carried_over: Decimal | None
    holds: bool | None
    """``None`` where a number is missing: then nothing can be said."""


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a report's figures agree with each other."""

    columns: tuple[ColumnCheck, ...]
    holds: bool | None
    """The stated check over all columns: false where one fails, else ``None`` where one is open or there is none."""
    mismatches: tuple[str, ...] = ()
    """Every sum that does not come out, in words: the stated check, result rows against （七）总计, applicants against
    总计, and outcomes of each group of reviews or lawsuits against its 总计."""
    rule: str = RULE


def figures(tables: Sequence[Table]) -> tuple[Figure, ...]:
    """The cells of the statutory tables among ``tables``, in the order of the page.

    Every covered cell of a merged one must repeat its text (``Table`` says so). Tables of other kinds give nothing. A
    form split over several tables comes out as one table's figures would.
    """
    found: list[Figure] = []
    begun: list[Figure] = []
    """Of the form of applications, as far as its tables go."""
    for table in tables:
        rows = [tuple(_label(cell) for cell in row) for row in table.rows if row]
        printed = [tuple(cell.strip() for cell in row) for row in table.rows if row]
        if any(_NEW.match(cell) for row in rows for cell in row):
            begun = list(_applications(rows, printed))
            found.extend(begun)
        elif _is_review(rows):
            found.extend(_review(rows, printed))
        elif any(row[0] == "信息内容" for row in rows):
            found.extend(_proactive(rows, printed))
        elif (head := _indicators(rows)) is not None:
            start = next(index for index, cell in enumerate(rows[head]) if _INDICATOR.match(cell))
            below = [(row[start:], shown[start:]) for row, shown in zip(rows[head:], printed[head:], strict=True)]
            below = [(row, shown) for row, shown in below if row]
            found.extend(_statistics([row for row, _ in below], [shown for _, shown in below]))
        elif begun and not any(_CARRIED_OVER.match(one.path[0]) for one in begun):
            begun += (more := list(_continued(rows, printed, begun)))
            found.extend(more)
    return tuple(found)


def consistency(found: Iterable[Figure]) -> Check:
    """The form's own check for each kind of applicant, and the other sums a reader would make."""
    rows: dict[tuple[str, tuple[str, ...]], dict[str, Decimal | None]] = {}
    for one in found:
        rows.setdefault((one.table, one.path), {})[one.column] = number(one.value)
    asked = {path: cells for (table, path), cells in rows.items() if table == "applications"}
    columns = tuple(
        _column_check(column, asked) for column in dict.fromkeys(name for cells in asked.values() for name in cells)
    )
    mismatches = [
        f"{one.column}: {one.new} + {one.carried_in} is not {one.results_total} + {one.carried_over}"
        for one in columns
        if one.holds is False
    ]
    mismatches.extend(_result_sums(asked, columns))
    for (table, path), cells in rows.items():
        if table != "statistics" and "总计" in cells:
            mismatches.extend(_sum("/".join(path), cells))
    if any(one.holds is False for one in columns):
        holds: bool | None = False
    else:
        holds = True if columns and all(one.holds for one in columns) else None
    return Check(columns, holds, tuple(mismatches))


def number(value: str | None) -> Decimal | None:
    """A printed figure as a number: separators and full-width digits read, everything else ``None``."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return Decimal(value)
    plain = re.sub(r"[\s,]", "", value.translate(_HALF_WIDTH))
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def _label(cell: str) -> str:
    return "".join(cell.split())


def _path(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels from the outermost in, a merged cell once."""
    path: list[str] = []
    for label in labels:
        if label and (not path or path[-1] != label):
            path.append(label)
    return tuple(path)


def _cell(value: str) -> str | None:
    return value or None


def _is_numeric(cell: str) -> bool:
    return cell == "" or number(cell) is not None or cell in ("-", "—", "/", "无")


def _columns(names: Sequence[str]) -> list[tuple[int, str]]:
    """Index and name of each column; a merged head counts once."""
    kept: list[tuple[int, str]] = []
    for index, name in enumerate(names):
        if name and (index == 0 or names[index - 1] != name):
            kept.append((index, name))
    return kept


def _proactive(rows: Sequence[tuple[str, ...]], printed: Sequence[tuple[str, ...]]) -> Iterable[Figure]:
    head: tuple[str, ...] | None = None
    for row, shown in zip(rows, printed, strict=True):
        if row[0] == "信息内容":
            head = row
        elif len(set(row)) == 1 or not row[0] or row[0].startswith("第二十条"):
            # 第二十条第（一）项: the article that the next rows belong to, over the whole width.
            continue
        elif head is not None:
            for index, column in _columns(head)[1:]:
                yield Figure("proactive", (row[0],), column, _cell(shown[index]))


def _applications(rows: Sequence[tuple[str, ...]], printed: Sequence[tuple[str, ...]]) -> Iterable[Figure]:
    first = next(number for number, row in enumerate(rows) if any(_NEW.match(cell) for cell in row))
    width = len(rows[first])
    head = _lowest_heads(rows[:first], width)
    start = next((index for index, name in enumerate(head) if name == _APPLICANTS[0]), None)
    if start is None:
        # The head was left out or stands in a table of its own; the form has seven columns of figures.
        start = width - len(_APPLICANTS)
        if start < 1 or not all(_is_numeric(cell) for cell in rows[first][start:]):
            return
        head = [""] * start + list(_APPLICANTS)
    columns = [(index, head[index]) for index in range(start, width) if head[index]]
    for row, shown in zip(rows[first:], printed[first:], strict=True):
        path = _path(row[:start])
        if path and all(_is_numeric(row[index]) for index, _ in columns):
            for index, column in columns:
                yield Figure("applications", path, column, _cell(shown[index]))


def _continued(
    rows: Sequence[tuple[str, ...]], printed: Sequence[tuple[str, ...]], begun: Sequence[Figure]
) -> Iterable[Figure]:
    """The form of applications on the next page of a document: a table of its own, with the head once more or without.

    Merged labels of the first table do not reach over the cut: what a row lacks of its path is taken from the last row
    by its numbering, 三、 over （三） over 3.
    """
    columns = list(dict.fromkeys(one.column for one in begun))
    path = begun[-1].path
    for row, shown in zip(rows, printed, strict=True):
        start = next((n for n in range(1, len(row)) if _is_numeric(row[n])), len(row))
        figures_end = start + len(columns)
        labels = _path(row[:start])
        rank = next((n for n, numbering in enumerate(_RANKS) if labels and numbering.match(labels[0])), None)
        if rank is None or rank > len(path) or figures_end > len(row) or any(row[figures_end:]):
            continue
        if not all(_is_numeric(cell) for cell in row[start:figures_end]):
            continue
        path = (*path[:rank], *labels)
        for index, column in enumerate(columns, start):
            yield Figure("applications", path, column, _cell(shown[index]))


_RANKS = (re.compile(r"[一二三四][、.．]"), re.compile(r"[（(][一二三四五六七]"), re.compile(r"\d{1,2}[、.．]"))


def _lowest_heads(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """The innermost head of each column: the last row of the head that has a word for it."""
    heads = [""] * width
    for row in rows:
        for index, cell in enumerate(row[:width]):
            heads[index] = cell or heads[index]
    return heads


def _is_review(rows: Sequence[tuple[str, ...]]) -> bool:
    cells = {cell for row in rows[:4] for cell in row}
    return any("行政复议" in cell for cell in cells) and any("结果维持" in cell for cell in cells)


def _review(rows: Sequence[tuple[str, ...]], printed: Sequence[tuple[str, ...]]) -> Iterable[Figure]:
    heads = 0
    while heads < len(rows) and not all(_is_numeric(cell) for cell in rows[heads]):
        heads += 1
    if heads == len(rows) or heads == 0:
        return
    for index, value in enumerate(printed[heads]):
        *path, column = _path(row[index] for row in rows[:heads])
        if path:
            yield Figure("review_litigation", tuple(path), column, _cell(value))


def _indicators(rows: Sequence[tuple[str, ...]]) -> int | None:
    """The row that heads a table of indicators: the first, or one below the table's name and who filled it in.

    Before the indicators there may be a column of numbers (序号).
    """
    for index, row in enumerate(rows[:4]):
        start = next((place for place, cell in enumerate(row[:2]) if _INDICATOR.match(cell)), None)
        if start is not None and (start == 0 or row[0] in ("序号", "代码", "编号")):
            return index if any(_COUNTED.search(cell) for cell in row[start + 1 :]) else None
    return None


def _statistics(rows: Sequence[tuple[str, ...]], printed: Sequence[tuple[str, ...]]) -> Iterable[Figure]:
    head = _columns(rows[0])
    outer: dict[int, str] = {}
    for row, shown in zip(rows[1:], printed[1:], strict=True):
        if not row[0] or row[0] == rows[0][0]:
            continue
        rank = (
            1
            if re.match(r"[一二三四五六七八九十]+[、.．]", row[0])
            else 2
            if re.match(r"[（(][一二三四五六七八九十]", row[0])
            else 3
        )
        path = (*(label for level, label in sorted(outer.items()) if level < rank), row[0])
        if rank < 3:
            outer = {level: label for level, label in outer.items() if level < rank} | {rank: row[0]}
        if len(set(row)) > 1 or len(row) == 1:
            for index, column in head[1:]:
                yield Figure("statistics", path, column, _cell(shown[index]))


def _column_check(column: str, asked: Mapping[tuple[str, ...], Mapping[str, Decimal | None]]) -> ColumnCheck:
    def cell(first: re.Pattern[str], *, total: bool = False) -> Decimal | None:
        for path, cells in asked.items():
            if first.match(path[0]) and (not total or _TOTAL.match(path[-1])):
                return cells.get(column)
        return None

    new, carried_in = cell(_NEW), cell(_CARRIED_IN)
    results, carried_over = cell(_RESULTS, total=True), cell(_CARRIED_OVER)
    holds = None
    if new is not None and carried_in is not None and results is not None and carried_over is not None:
        holds = new + carried_in == results + carried_over
    return ColumnCheck(column, new, carried_in, results, carried_over, holds)


def _result_sums(
    asked: Mapping[tuple[str, ...], Mapping[str, Decimal | None]], columns: Sequence[ColumnCheck]
) -> Iterable[str]:
    """The rows of results of each column against （七）总计."""
    results = [cells for path, cells in asked.items() if _RESULTS.match(path[0]) and not _TOTAL.match(path[-1])]
    for check in columns:
        numbers = [value for cells in results if (value := cells.get(check.column)) is not None]
        if check.results_total is not None and results and len(numbers) == len(results):
            total = sum(numbers, Decimal(0))
            if total != check.results_total:
                yield f"{check.column}: the results add up to {total}, not {check.results_total}"


def _sum(name: str, cells: Mapping[str, Decimal | None]) -> Iterable[str]:
    """One row's columns against its 总计."""
    parts = [value for column, value in cells.items() if column != "总计"]
    numbers = [value for value in parts if value is not None]
    total = cells["总计"]
    if total is not None and len(numbers) == len(parts) and sum(numbers, Decimal(0)) != total:
        yield f"{name}: the columns add up to {sum(numbers, Decimal(0))}, not {total}"
