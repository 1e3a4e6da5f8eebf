"""The statutory tables of a disclosure report as figures: row labels x column -> the number as printed.

国办公开办函〔2021〕30号 fixes three tables: what was published (主动公开), what was asked for (依申请公开), and what
was contested (行政复议、行政诉讼). Its forerunner 国办公开办函〔2019〕60号 has the same three with other columns. Forms
before 2019 have one table of indicators instead (政府信息公开情况统计表); its rows come as table ``statistics``.
Labels lose their white space, which only breaks lines on the page; figures stay as printed. The order of columns and
rows is prescribed: it tells where a figure belongs on pages whose spans do not (``form_rows``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from scrapers.reading.form_rows import Row, Span, Sums, bare, is_figure, number, placed, row_of, spans
from scrapers.records import Figure, Table

__all__ = ["Check", "ColumnCheck", "Forms", "consistency", "number", "read_forms"]

_APPLICANTS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
_HEADS_OF_APPLICATIONS = frozenset({*_APPLICANTS, "申请人情况", "法人或其他组织"}) - {"其他", "总计"}
_NEW = re.compile(r"^[一1][、.．]?本年新收")
_CARRIED_IN = re.compile(r"^[二2][、.．]?上年结转")
_RESULTS = re.compile(r"^[三3][、.．]?本年度?办理结果")
_CARRIED_OVER = re.compile(r"^[四4][、.．]?结转下年")
_RANKS = (re.compile(r"[一二三四][、.．]"), re.compile(r"[（(][一二三四五六七][）)]"), re.compile(r"\d{1,2}[、.．]"))
_RANKS_IN_WORDS = (
    re.compile(r"本年新收|上年结转|本年度?办理结果|结转下年"),
    re.compile(r"予以公开|部分公开|不予公开|无法提供|不予处理|其他处理|总计"),
    re.compile(
        r"属于国家秘密|其他法律行政法规|危及.三安全|保护第三方|属于三类|属于四类|属于行政查询|本机关不掌握|没有现成|补正后|"
        r"信访举报|重复申请|要求提供公开|无正当理由|要求行政机关确认|申请人(?:无正当|逾期)|其他$"
    ),
)
_WORDS = tuple(
    re.compile(rf"(?:[（(]?[一二三四五六七\d]{{1,2}}[)）、.．])?(?:{one.pattern})") for one in _RANKS_IN_WORDS
)
"""The rows of the form of applications, with their numbering or without."""
_OUTCOME = re.compile(r"^(?:.*维持|.*纠正|其他(?:结果)?|(?:尚)?未(?:审|办)结|总计|合计)$")
_DISPUTES = (("行政复议", None), ("行政诉讼", "未经复议"), ("行政诉讼", "复议后"))
_INDICATOR = re.compile(r"^(?:统计)?指标(?:名称)?$|^项目$|^统计指标$")
_COUNTED = re.compile(r"单位|统计数|累计|年度?$|数量|件数")
_TOTAL = re.compile(r"^(?:[（(][一二三四五六七八九十]+[)）])?总计$")
_NUMBERED = frozenset({"序号", "代码", "编号"})
"""Head of a column of numbers before the indicators."""
_TITLE_ROWS = 3
"""Rows above the head of the table of indicators, at most: its title and a line of units."""

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


@dataclass(frozen=True, slots=True)
class Forms:
    """The statutory tables, read."""

    figures: tuple[Figure, ...] = ()
    doubts: tuple[str, ...] = ()
    """What of the forms could not be read and why, each with its table: its figures are ``None`` or absent."""


def read_forms(tables: Sequence[Table]) -> Forms:
    """The statutory tables among ``tables``, in the order of the page.

    Every covered cell of a merged one must repeat its text (``Table`` says so). Tables of other kinds give nothing. A
    form split over several tables comes out as one table's figures would. A row whose figures cannot be told apart has
    ``None`` in every column, and a doubt says so.
    """
    reading = _Reading()
    for table in tables:
        reading.take([row_of(row) for row in table.rows if row])
    reading.end()
    return Forms(tuple(reading.figures), tuple(dict.fromkeys(reading.doubts)))


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


@dataclass(slots=True)
class _Reading:
    """The forms of one document as far as its tables go."""

    figures: list[Figure] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    asked: tuple[str, ...] = ()
    """Columns of the form of applications while it goes on."""
    path: tuple[str, ...] = ()
    """Of the last row of applications."""
    outcomes: list[Row] = field(default_factory=list)
    """Heads of reviews and lawsuits that wait for their row."""
    indicators: _Indicators | None = None

    def take(self, rows: list[Row]) -> None:
        """Read the next table of the page."""
        labels = [label for row in rows for label in row.labels]
        first = {row.labels[0] for row in rows if row.labels}
        if any(map(_NEW.match, labels)):
            self.end()
            self._applications(rows)
        elif any("维持" in label and _OUTCOME.match(label) for row in rows[:_HEADS] for label in row.labels):
            self._disputes(rows)
        elif self.outcomes and rows and not any(row.labels for row in rows):
            self._disputes([*self.outcomes, *rows])
        elif "信息内容" in first:
            self._proactive(rows)
        elif (found := _indicator_head(rows)) is not None:
            at, start = found
            self.indicators = _Indicators(spans(rows[at].cells[start:]), start)
            self._statistics(self.indicators, rows[at + 1 :])
        elif self.asked:
            self._continued(rows)
        elif self.indicators is not None and self.indicators.goes_on(rows):
            self._statistics(self.indicators, rows)

    def end(self) -> None:
        """Say what was begun and not ended."""
        if self.asked:
            last = "/".join(self.path)
            self.doubts.append(f"applications: no row 四、结转下年度继续办理 behind {last}")
        if self.outcomes:
            self.doubts.append("review_litigation: no row of figures under the heads")
        self.asked, self.path, self.outcomes = (), (), []

    # ---------------------------------------------------------------------------------------- 主动公开

    def _proactive(self, rows: Sequence[Row]) -> None:
        block: list[Row] = []
        head: tuple[Span, ...] = ()
        for row in (*rows, None):
            opens = row is None or row.labels[:1] == ("信息内容",)
            # 第二十条第（一）项: the article that the next rows belong to, over the whole width.
            if not opens and row is not None and not (len(set(row.labels)) == 1 and row.begin == len(row.cells)):
                if row.labels and not row.labels[0].startswith("第二十条"):
                    block.append(row)
                continue
            if head:
                columns = [one.name for one in head]
                for one, values in zip(block, placed(block, len(head), head), strict=True):
                    self._row("proactive", _path(one.labels), columns, values)
            if opens and row is not None:
                head = spans(row.cells)[1:]
            block = []

    # ---------------------------------------------------------------------------------------- 依申请公开

    def _applications(self, rows: Sequence[Row]) -> None:
        first = next(n for n, row in enumerate(rows) if any(map(_NEW.match, row.labels)))
        at = _applicants(rows[:first])
        columns = tuple(one.name for one in at) if at is not None else _APPLICANTS
        self.asked, self.path = columns, ()
        self._asked(rows[first:], at)

    def _asked(self, rows: Sequence[Row], at: Sequence[Span] | None, *, strict: bool = True) -> None:
        """Rows of the form; those without a rank in it are heads once more, or remarks."""
        # A head that reaches too far down pushes the figures aside.
        rows = [row_of([cell for cell in row.cells if bare(cell) not in _APPLICANTS]) for row in rows]
        ranked = [
            row
            for row in rows
            if any(_rank(label) is not None for label in row.labels)
            and (any(row.cells[row.begin :]) or _HEADS_OF_APPLICATIONS.isdisjoint(row.labels))
        ]
        since: dict[str, int] = {}
        figures_of = placed(ranked, len(self.asked), at, Sums.of(self.asked))
        for n, (row, values) in enumerate(zip(ranked, figures_of, strict=True)):
            since = {label: since.get(label, n) for label in row.labels}
            if values is None and not strict and not any(one.match(label) for label in row.labels for one in _WORDS):
                continue  # a numbered row of any other table
            before, self.path = self.path, _ranked(self.path, row.labels, since)
            blank = not any(row.cells[row.begin :])
            if blank and (self.path == before or _RESULTS.match(self.path[-1])):
                continue  # an empty row that labels reach into, or a label over the whole width
            self._row("applications", self.path, self.asked, values)
            if _CARRIED_OVER.match(self.path[0]):
                self.asked = ()
                return

    def _continued(self, rows: Sequence[Row]) -> None:
        """The form on the next page of a document: a table of its own, with the head once more or without.

        Merged labels of the first table do not reach over the cut: what a row lacks of its path is taken from the last
        row by its numbering, 三、 over （三） over 3.
        """
        self._asked(rows, None, strict=False)

    # ---------------------------------------------------------------------------------------- 行政复议、行政诉讼

    def _disputes(self, rows: Sequence[Row]) -> None:
        heads = next((n for n, row in enumerate(rows) if not row.labels or any(row.cells[row.begin :])), len(rows))
        paths, at = _outcome_columns([row.cells for row in rows[:heads]])
        if not paths:
            self.doubts.append("review_litigation: the heads name neither 行政复议 nor 行政诉讼 with their outcomes")
            return
        if heads == len(rows):
            self.outcomes = list(rows)
            return
        self.outcomes = []

        # A head that reaches too far down pushes the figures aside.
        row = row_of([cell for cell in rows[heads].cells if not _OUTCOME.match(bare(cell))])
        (values,) = placed([row], len(paths), at, Sums.of([path[-1] for path in paths]))
        if values is None:
            filled = sum(map(bool, row.cells[row.begin :]))
            self.doubts.append(f"review_litigation: {filled} filled cells under its {len(paths)} columns")
        for path, value in zip(paths, values or [""] * len(paths), strict=True):
            self.figures.append(Figure("review_litigation", path[:-1], path[-1], value or None))

    # ---------------------------------------------------------------------------------------- before 2019

    def _statistics(self, begun: _Indicators, rows: Sequence[Row]) -> None:
        columns = [one.name for one in begun.head[1:]]
        for row in begun.without_numbers(rows):
            label = next((name for cell in row.cells if (name := bare(cell))), "")
            if not label or label == begun.head[0].name or is_figure(label):
                continue
            path = begun.path_of(label)
            if len({cell for cell in row.cells if cell}) > 1 or len(row.cells) == 1:
                self._row("statistics", path, columns, begun.values(row))

    def _row(self, table: str, path: tuple[str, ...], columns: Sequence[str], values: Sequence[str] | None) -> None:
        if values is None:
            self.doubts.append(f"{table}: the cells of {'/'.join(path)} fit no reading of its {len(columns)} columns")
        for column, value in zip(columns, values or [""] * len(columns), strict=True):
            self.figures.append(Figure(table, path, column, value or None))


@dataclass(slots=True)
class _Indicators:
    """The table of indicators, as far as its rows go."""

    head: tuple[Span, ...]
    start: int = 0
    """Index of the column of indicators, from which on ``head`` counts; before it may stand one of numbers (序号)."""
    outer: dict[int, str] = field(default_factory=dict)

    def without_numbers(self, rows: Sequence[Row]) -> list[Row]:
        """The rows from the column of indicators on."""
        return [row_of(row.cells[self.start :]) for row in rows if len(row.cells) > self.start]

    def path_of(self, label: str) -> tuple[str, ...]:
        """The path of a row, by the numbering of its label: 一、 over （一） over all else."""
        rank = 1 if _FIRST_LEVEL.match(label) else 2 if _SECOND_LEVEL.match(label) else 3
        above = {level: name for level, name in self.outer.items() if level < rank}
        if rank < 3:
            self.outer = above | {rank: label}
        return (*(name for _, name in sorted(above.items())), label)

    def values(self, row: Row) -> list[str] | None:
        """What stands under each head but the first; ``None`` where two different things stand under one."""
        values = []
        for one in self.head[1:]:
            filled = list(dict.fromkeys(filter(None, row.cells[one.start : one.end])))
            if len(filled) > 1:
                return None
            values.append(filled[0] if filled else "")
        units = [n for n, one in enumerate(self.head[1:]) if one.name == "单位"]
        if len(values) == 2 and units == [0] and number(values[0]) is not None:
            # The cell of the unit was left out of this row; beside another number, nobody can tell which is which.
            return ["", values[0]] if not values[1] else None
        return values

    def goes_on(self, rows: Sequence[Row]) -> bool:
        """Whether a table is the rest of this one: as wide, numbered as it is, with figures."""
        own = self.without_numbers(rows)
        opening = next((row for row in own if row.labels), None)
        return (
            opening is not None
            and len(opening.cells) == self.head[-1].end
            and (
                _FIRST_LEVEL.match(opening.labels[0])
                or _SECOND_LEVEL.match(opening.labels[0])
                or _RANKS[2].match(opening.labels[0])
            )
            is not None
            and any(number(cell) is not None for row in own for cell in row.cells)
        )


_FIRST_LEVEL = re.compile(r"[一二三四五六七八九十]+[、.．]")
_SECOND_LEVEL = re.compile(r"[（(][一二三四五六七八九十]")
_HEADS = 4
"""Rows of heads over reviews and lawsuits, at most."""


def _path(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels from the outermost in, a merged cell once."""
    path: list[str] = []
    for label in labels:
        if label and (not path or path[-1] != label):
            path.append(label)
    return tuple(path)


def _rank(label: str) -> int | None:
    """The level of a label by its numbering, 三、 over （三） over 3., or by what the form says there without one."""
    return next((n for ranks in (_RANKS, _RANKS_IN_WORDS) for n, one in enumerate(ranks) if one.match(label)), None)


def _ranked(above: tuple[str, ...], labels: Sequence[str], since: Mapping[str, int]) -> tuple[str, ...]:
    """The path of a row below or behind the row ``above``. A span that reaches too far puts a label of a row above
    beside the row's own of its level or an outer one, which begins later; one that reaches not far enough leaves it
    out.

    ``since`` tells from which row on each label stands in all rows down to this one.
    """
    own = [(label, _rank(label)) for label in _path(labels) if label not in _HEADS_OF_APPLICATIONS]
    path = above
    while path and _rank(path[-1]) is None:  # said of the row above alone
        path = path[:-1]
    for label, rank in own:
        reaches_here = any(
            since[other] > since[label] and (level == rank if level is None or rank is None else level <= rank)
            for other, level in own
        )
        if not reaches_here and (rank is None or path[rank : rank + 1] != (label,)):
            path = (*path[:rank], label) if rank is not None else (*path, label)
    return path


def _applicants(heads: Sequence[Row]) -> tuple[Span, ...] | None:
    """Where the columns of the form of applications stand; ``None`` where the heads do not tell."""
    width = max((len(row.cells) for row in heads), default=0)
    lowest = [""] * width
    for row in heads:
        for index, cell in enumerate(row.cells):
            lowest[index] = bare(cell) or lowest[index]
    start = next((index for index, name in enumerate(lowest) if name == _APPLICANTS[0]), None)
    if not start:
        return None
    found = tuple(Span(one.name, one.start + start, one.end + start) for one in spans(lowest[start:]))
    return found if tuple(one.name for one in found) == _APPLICANTS else None


def _outcome_columns(heads: Sequence[Sequence[str]]) -> tuple[list[tuple[str, ...]], tuple[Span, ...] | None]:
    """The columns of the form of disputes as paths, and where they stand if the heads tell.

    Where a span of the heads is wrong, the columns are those of the form, for the procedures that the heads name.
    """
    stacks = list(zip(*heads, strict=True)) if len({len(row) for row in heads}) == 1 else []
    columns: list[tuple[tuple[str, ...], Span]] = []
    for index, stack in enumerate(stacks):
        path = _path(map(bare, stack))
        if path and _OUTCOME.match(path[-1]) and (not columns or columns[-1][0] != path):
            columns.append((path, Span(path[-1], index, index + 1)))
        elif columns:
            last, span = columns[-1]
            columns[-1] = (last, span._replace(end=index + 1))
    paths = [path for path, _ in columns]
    words = [bare(cell) for row in heads for cell in row if cell]
    kinds = list(dict.fromkeys(word for word in words if _OUTCOME.match(word)))
    if len(kinds) != _KINDS:
        return [], None
    told = [
        (outer, *(filter(None, (next((word for word in words if inner and inner in word), None),))))
        for outer, inner in _DISPUTES
        if any(outer in word for word in words) and (inner is None or any(inner in word for word in words))
    ]
    by_form = [(*outer, kind) for outer in told for kind in kinds]
    if paths == by_form:
        return paths, tuple(span for _, span in columns)
    return by_form, None


_KINDS = 5
"""Outcomes that the form tells apart, 总计 counted."""


def _indicator_head(rows: Sequence[Row]) -> tuple[int, int] | None:
    """The row of heads of a table of indicators, and the column of the indicators in it."""
    for n, row in enumerate(rows[: _TITLE_ROWS + 1]):
        head = spans(row.cells)
        if head and head[0].name in _NUMBERED:
            head = head[1:]
        if len(head) > 1 and _INDICATOR.match(head[0].name) and any(_COUNTED.search(one.name) for one in head[1:]):
            return n, head[0].start
    return None


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
