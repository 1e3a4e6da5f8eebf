"""The straight lines of a picture of a page: by them the tables of a scan are found as those of a PDF are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scrapers.reading.attachments.ruled import Rule

_LONG, _TALL = 30.0, 16.0
"""Points from which a dark run across, and down, is a line and no stroke of a letter."""
_APART = 3
"""Dots: runs of neighbouring rows that overlap and are no further apart are one line."""
_MOST_RUNS = 20_000
"""Runs looked at on one page: a photograph has no table."""
_DARK = 0.7
"""Share of the paper's grey under which a dot is ink."""


def drawn_rules(picture: npt.NDArray[np.uint8], points: float) -> list[Rule]:
    """Lines across and down that are drawn on ``picture`` (height x width x 3), in points; ``points`` is the size of a
    dot."""
    grey = picture.mean(axis=2)
    ink = grey < _DARK * float(np.median(grey))
    across = [
        Rule(x0 * points, (low + high + 1) / 2 * points, x1 * points, (low + high + 1) / 2 * points)
        for low, high, x0, x1 in _lines(ink, _LONG / points)
    ]
    down = [
        Rule((low + high + 1) / 2 * points, y0 * points, (low + high + 1) / 2 * points, y1 * points)
        for low, high, y0, y1 in _lines(ink.T, _TALL / points)
    ]
    return across + down


def _lines(ink: npt.NDArray[np.bool_], least: float) -> list[tuple[int, int, int, int]]:
    """``first row, last row, begin, end`` of each line along the rows of ``ink``."""
    # a line that leans by a dot, or has a hole, is whole in a row with its neighbours
    thick = ink.copy()
    thick[1:] |= ink[:-1]
    thick[:-1] |= ink[1:]
    edges = np.diff(np.pad(thick, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, begins = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    long = np.nonzero(ends - begins >= least)[0]
    if len(long) > _MOST_RUNS:
        return []
    found: list[list[int]] = []
    open_: list[list[int]] = []
    for index in long:
        row, begin, end = int(rows[index]), int(begins[index]), int(ends[index])
        open_ = [line for line in open_ if row - line[1] <= _APART]
        for line in open_:
            if begin <= line[3] and end >= line[2]:
                line[1] = row
                line[2], line[3] = min(line[2], begin), max(line[3], end)
                break
        else:
            line = [row, row, begin, end]
            found.append(line)
            open_.append(line)
    # what is as thick as a line of text is a bar or a picture
    return [(low, high, begin, end) for low, high, begin, end in found if high - low < least / 2]
