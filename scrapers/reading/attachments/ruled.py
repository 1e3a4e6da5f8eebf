"""Tables by their rules: lines drawn on a page become a grid, with every merged cell as the rules show it.

The positions of all rules that touch each other give the elementary cells; two neighbours without a rule between them
are one cell. So spans come out as they do from ``colspan`` and ``rowspan`` of a page. PDF and OFD draw alike, and share
this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_SNAP = 2.5
"""Points within which two rules are at one position."""
_REACH = 4.0
"""Points by which a rule may miss the one it is meant to meet."""
_MOST_RULES = 20_000
_MOST_CELLS = 20_000


class Rule(NamedTuple):
    """A line drawn straight across or down, in points from the upper left corner of the page."""

    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def across(self) -> bool:
        return self.x1 - self.x0 >= self.bottom - self.top


class RuledCell(NamedTuple):
    """A cell with the elementary cells it covers, as (row, column); the first is where it begins."""

    covers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RuledGrid:
    """Where a table's rules stand. ``xs`` and ``ys`` are the positions that part columns and rows."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[RuledCell, ...]
    of: dict[tuple[int, int], int] = field(repr=False, compare=False)
    """Elementary cell -> index into ``cells``."""

    def cell_at(self, x: float, y: float) -> int | None:
        """Index of the cell that holds a point; ``None`` outside of the table."""
        column, row = _slot(self.xs, x), _slot(self.ys, y)
        return None if column is None or row is None else self.of[row, column]


def grids(rules: Sequence[Rule]) -> list[RuledGrid]:
    """Tables of at least two cells, in page order. A box around text is none."""
    if not rules or len(rules) > _MOST_RULES:
        return []
    across = _joined([(rule.top + rule.bottom, rule.x0, rule.x1) for rule in rules if rule.across])
    down = _joined([(rule.x0 + rule.x1, rule.top, rule.bottom) for rule in rules if not rule.across])
    found = [grid for group in _touching(across, down) if (grid := _grid(*group)) is not None]
    return sorted(found, key=lambda grid: (grid.ys[0], grid.xs[0]))


class _Stretch(NamedTuple):
    """A rule at ``at``, from ``begin`` to ``end`` along itself."""

    at: float
    begin: float
    end: float


def _joined(raw: Iterable[tuple[float, float, float]]) -> list[_Stretch]:
    """Rules at one position that touch or overlap, as one; ``raw`` has twice the position first."""
    by_position = sorted((twice / 2, begin, end) for twice, begin, end in raw)
    joined: list[_Stretch] = []
    start = 0
    while start < len(by_position):
        stop = start + 1
        while stop < len(by_position) and by_position[stop][0] - by_position[stop - 1][0] <= _SNAP / 2:
            stop += 1
        group = sorted(by_position[start:stop], key=lambda one: one[1])
        at = sum(one[0] for one in group) / len(group)
        begin, end = group[0][1], group[0][2]
        for _, low, high in group[1:]:
            if low <= end + _REACH:
                end = max(end, high)
            else:
                joined.append(_Stretch(at, begin, end))
                begin, end = low, high
        joined.append(_Stretch(at, begin, end))
        start = stop
    return [one for one in joined if one.end - one.begin > _REACH]


def _touching(across: list[_Stretch], down: list[_Stretch]) -> list[tuple[list[_Stretch], list[_Stretch]]]:
    """Groups of rules that meet each other."""
    parents = list(range(len(across) + len(down)))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = parents[parents[n]]
            n = parents[n]
        return n

    for h, flat in enumerate(across):
        for v, upright in enumerate(down):
            if (
                flat.begin - _REACH <= upright.at <= flat.end + _REACH
                and upright.begin - _REACH <= flat.at <= upright.end + _REACH
            ):
                parents[root(h)] = root(len(across) + v)
    groups: defaultdict[int, tuple[list[_Stretch], list[_Stretch]]] = defaultdict(lambda: ([], []))
    for h, flat in enumerate(across):
        groups[root(h)][0].append(flat)
    for v, upright in enumerate(down):
        groups[root(len(across) + v)][1].append(upright)
    return list(groups.values())


def _grid(across: list[_Stretch], down: list[_Stretch]) -> RuledGrid | None:
    ys, xs = _positions(one.at for one in across), _positions(one.at for one in down)
    if len(ys) < 2 or not xs:
        return None
    # Tables are often drawn open at their sides: then the ends of the rows are their edges.
    left, right = min(one.begin for one in across), max(one.end for one in across)
    if len(ys) >= 3 or len(xs) >= 2:
        if xs[0] - left > 2 * _REACH:
            xs.insert(0, left)
        if right - xs[-1] > 2 * _REACH:
            xs.append(right)
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 1 or rows * columns < 2 or rows * columns > _MOST_CELLS:
        return None
    flat_at, upright_at = _by_position(across, ys), _by_position(down, xs)
    parents = list(range(rows * columns))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = parents[parents[n]]
            n = parents[n]
        return n

    for row in range(rows):
        middle = (ys[row] + ys[row + 1]) / 2
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns and not _covered(upright_at[column + 1], middle):
                parents[root(here + 1)] = root(here)
            center = (xs[column] + xs[column + 1]) / 2
            if row + 1 < rows and not _covered(flat_at[row + 1], center):
                parents[root(here + columns)] = root(here)
    covers: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for n in range(rows * columns):
        covers[root(n)].append(divmod(n, columns))
    cells = tuple(RuledCell(tuple(places)) for places in sorted(covers.values()))
    if len(cells) < 2:
        return None
    of = {place: number for number, cell in enumerate(cells) for place in cell.covers}
    return RuledGrid(tuple(xs), tuple(ys), cells, of)


def _positions(values: Iterable[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _SNAP:
            found.append(value)
    return found


def _by_position(stretches: list[_Stretch], positions: list[float]) -> list[list[_Stretch]]:
    sorted_in: list[list[_Stretch]] = [[] for _ in positions]
    for one in stretches:
        nearest = min(range(len(positions)), key=lambda n: abs(positions[n] - one.at))
        if abs(positions[nearest] - one.at) <= _SNAP:
            sorted_in[nearest].append(one)
    return sorted_in


def _covered(stretches: list[_Stretch], at: float) -> bool:
    return any(one.begin - 1 <= at <= one.end + 1 for one in stretches)


def _slot(positions: Sequence[float], value: float) -> int | None:
    for number in range(len(positions) - 1):
        if positions[number] <= value < positions[number + 1]:
            return number
    return None
