"""The second reading: the stretch of lines that carries most text, blind to the tree; it only checks the first.

Where both agree the text was right on every measured page; where they do not, one in three was bad. So the figure is a
mark of quality that needs no annotation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scrapers.reading.body import Container, Weights
from scrapers.reading.dom import Line, Tree

_COST_OF_A_LINE = 12.0
"""Characters a line must have to lift a run: labels and buttons have fewer."""
_COST_OF_A_LINK = 24.0


def best_run(
    lines: Sequence[Line], weights: Sequence[float], passed_over: Collection[int] = frozenset()
) -> tuple[int, int]:
    """First and one past last line of the stretch that carries most text: a maximal sum over lines, one pass.

    ``passed_over`` are numbers of lines that count neither way.
    """
    best = total = 0.0
    start = first = end = 0
    for number, (line, value) in enumerate(zip(lines, weights, strict=True)):
        if number in passed_over:
            continue
        size = len(line.text)
        if value:
            gain = size - line.linked - _COST_OF_A_LINE
        elif line.hidden:
            continue
        else:
            gain = -_COST_OF_A_LINK if 2 * line.linked > size or size > _COST_OF_A_LINK else size - _COST_OF_A_LINE
        if total <= 0:
            total, start = 0.0, number
        total += gain
        if total > best:
            best, first, end = total, start, number + 1
    return first, end


def agreement(tree: Tree, container: Container, weights: Weights, tables: Sequence[int] = ()) -> float:
    """F1 between the container and the best run of lines, by characters of running text: 0 to 1, and 1 where neither
    has any. ``tables`` are the container's tables of data: the cells of a form are as short as buttons, and a statutory
    one has hundreds of them."""
    cells = tree.line_numbers([(place, tree.ends[place]) for place in tables])
    first, end = best_run(tree.lines, weights.of_lines, cells)
    inside = both = run = 0.0
    spans = [(place, tree.ends[place]) for place in container.places]
    held = tree.line_numbers(spans)
    texts: frozenset[str] | None = None
    for number, (line, size) in enumerate(zip(tree.lines, weights.of_lines, strict=True)):
        if not size or number in cells:
            continue
        if number not in held:
            if texts is None:
                texts = frozenset(tree.lines[one].text for one in held)
            if line.text in texts:
                continue  # the second copy of an article that stands twice
        if number in held:
            inside += size
        if first <= number < end:
            run += size
            both += size if number in held else 0.0
    return 2 * both / (inside + run) if inside + run else 1.0
