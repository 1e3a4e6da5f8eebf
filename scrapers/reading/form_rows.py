"""Which cell of a printed form a number belongs to, where spans are wrong, missing, or stretched by spacer columns.

A row may be read in several ways: by where the heads of the columns stand, by its cells in order, by its filled cells
in order. Where all ways agree the reading is sure. Where they do not, the one counts whose sum comes out; where that
does not tell either, the row has no reading, and the form says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SEPARATED = re.compile(r"(?<=[0-9])[\s,]+(?=[0-9]{3}(?![0-9]))")
"""Between groups of three digits. Other white space between digits parts two numbers."""
_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")
_NO_FIGURE = frozenset({"-", "—", "——", "－", "/", "\\", "无", "N/A"})
_WITH_UNIT = re.compile(r"-?[0-9][0-9,.]*(?:件|条|份|个|项|次|人|起|宗|例|家|元|万元|万|%|％)")


class Span(NamedTuple):
    """A column of the form: its name and where it stands, from ``start`` to before ``end``."""

    name: str
    start: int
    end: int


class Row(NamedTuple):
    """A row of a table: what stands before its figures, and all of its cells."""

    labels: tuple[str, ...]
    """Without white space; one that spans several cells stands there as often."""
    begin: int
    """Index of the first cell behind the labels."""
    cells: tuple[str, ...]
    """As printed."""


def number(value: str | None) -> Decimal | None:
    """A printed figure as a number: separators and full-width digits read, everything else ``None``."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return Decimal(value)
    plain = _SEPARATED.sub("", value.translate(_HALF_WIDTH).strip())
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def is_figure(cell: str) -> bool:
    """Whether a cell may stand where the form asks for a number: one with or without its unit, a dash, nothing."""
    return not cell or cell in _NO_FIGURE or number(cell) is not None or _WITH_UNIT.fullmatch(cell) is not None


def bare(cell: str) -> str:
    """A label without the white space that only breaks its lines."""
    return "".join(cell.split())


def row_of(cells: Sequence[str]) -> Row:
    """A row with its labels told from its figures; blank cells among the labels are no labels."""
    printed = tuple(cell.strip() for cell in cells)
    begin = next((n for n, cell in enumerate(printed) if cell and is_figure(cell)), len(printed))
    while begin and not printed[begin - 1]:
        begin -= 1
    return Row(tuple(bare(cell) for cell in printed[:begin] if cell), begin, printed)


def spans(head: Sequence[str]) -> tuple[Span, ...]:
    """The columns of a row of heads. A merged head is one column, a blank one belongs to the head before it."""
    found: list[Span] = []
    for index, cell in enumerate(head):
        name = bare(cell)
        if found and (not name or name == found[-1].name):
            found[-1] = found[-1]._replace(end=index + 1)
        elif name:
            found.append(Span(name, index, index + 1))
    return tuple(found)


class Sums(NamedTuple):
    """The sums that a row states: each its total, behind the columns that it counts."""

    totals: tuple[int, ...] = ()

    @classmethod
    def of(cls, columns: Sequence[str]) -> Sums:
        """Every column 总计 counts those between it and the one before."""
        return cls(tuple(n for n, name in enumerate(columns) if name == "总计"))

    def come_out(self, values: Sequence[str]) -> bool | None:
        """Whether all of them do, a blank counted as nothing; ``None`` where none is stated."""
        groups = [(number(total), parts) for parts, total in self._groups(values) if total]
        if not groups or any(total is None for total, _ in groups):
            return None
        return all(sum((number(part) or Decimal(0) for part in parts), Decimal(0)) == total for total, parts in groups)

    def are_left_out(self, values: Sequence[str]) -> bool:
        """Whether a total is blank beside columns that are not."""
        return any(not total and any(parts) for parts, total in self._groups(values))

    def _groups(self, values: Sequence[str]) -> Iterable[tuple[Sequence[str], str]]:
        start = 0
        for at in self.totals:
            yield values[start:at], values[at]
            start = at + 1


_NO_SUMS = Sums()


def placed(
    rows: Sequence[Row], columns: int, at: Sequence[Span] | None, sums: Sums = _NO_SUMS
) -> list[tuple[str, ...] | None]:
    """The figures of each row in the order of the columns; ``None`` for a row that cannot be told.

    ``columns`` is how many there are, ``at`` where their heads stand, where that is known. Where one row contradicts
    the heads, they are not believed for any of the others either: a span that is wrong shifts all rows that it reaches.
    """
    aligned = [_under(row, at) if at is not None else None for row in rows]
    ways = [list(dict.fromkeys(_in_order(row, columns))) for row in rows]
    trusted = at is not None and not any(
        any(row.cells[row.begin :]) and (one is None or _is_refuted(one, several, sums))
        for row, one, several in zip(rows, aligned, ways, strict=True)
    )
    if trusted:
        return aligned
    # By the heads alone nothing is known any more.
    return [_one_of(several, sums) for several in ways]


def _is_refuted(aligned: tuple[str, ...], ways: Sequence[tuple[str, ...]], sums: Sums) -> bool:
    """Whether sums speak against what stands under the heads: they come out otherwise, or are blank."""
    if sums.are_left_out(aligned):
        return True
    return sums.come_out(aligned) is False and any(sums.come_out(other) is True for other in ways)


def _under(row: Row, at: Sequence[Span]) -> tuple[str, ...] | None:
    """What stands under each head; ``None`` where a label reaches under one, a figure stands under none, or two stand
    under one."""
    if not at or row.begin > at[0].start or any(row.cells[row.begin : at[0].start]) or any(row.cells[at[-1].end :]):
        return None
    values = []
    for span in at:
        filled = list(dict.fromkeys(filter(None, row.cells[span.start : span.end])))
        if len(filled) > 1 or not all(map(_may_count, filled)):
            return None
        values.append(filled[0] if filled else "")
    return tuple(values)


def _may_count(cell: str) -> bool:
    """Whether a cell under a head may be what it counts: 约3 is printed there, a label that reaches too far is not."""
    return is_figure(cell) or any(character.isdecimal() for character in cell)


def _in_order(row: Row, columns: int) -> Iterable[tuple[str, ...]]:
    """The ways to read what stands behind the labels as so many cells. Where there are more, a blank one may be a
    spacer as well as a figure left out: then only filled ones count."""
    rest = row.cells[row.begin :]
    if not all(map(_may_count, rest)):
        return
    filled = tuple(filter(None, rest))
    if len(rest) == columns:
        yield rest
    elif len(rest) > columns and not filled:
        yield ("",) * columns
    if len(filled) == columns:
        yield filled
    wide, left = divmod(len(rest), columns)
    if wide > 1 and not left and all(len(set(rest[n : n + wide])) == 1 for n in range(0, len(rest), wide)):
        yield rest[::wide]


def _one_of(ways: Sequence[tuple[str, ...]], sums: Sums) -> tuple[str, ...] | None:
    if len(ways) > 1:
        ways = [one for one in ways if sums.come_out(one) is True]
    return ways[0] if len(ways) == 1 else None
