"""Where the page shows its title, and what stands right under it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from scrapers.reading import ladder
from scrapers.reading.chrome_rules import is_chrome
from scrapers.reading.dom import BLOCKS, Tree
from scrapers.reading.labels import table_labels
from scrapers.reading.metadata import InfoLine, opens_with_label_element


@dataclass(frozen=True, slots=True)
class Heading:
    """The lines that show the title."""

    text: str
    start: int
    """Index of its first line in ``Tree.lines``."""
    first: int
    """Index of its first text node."""
    last: int


_MAX_TITLE_LINES = 4


def find_heading(
    tree: Tree,
    infos: Mapping[int, InfoLine],
    element: str | None,
    meta: Mapping[str, str],
    listed: str | None,
) -> Heading | None:
    """The line or lines that show the title: those that meta tags, the list row or ``<title>`` also name, else a title
    element, else the line above the only info line."""
    columns = {ladder.bare(meta.get(name, "")) for name in ("columnname", "sitename")}
    named = {ladder.bare(name) for name in (meta.get("articletitle"), listed) if name} - columns - {""}
    openings = {name[0] for name in named}
    for start, line in enumerate(tree.lines):
        if line.hidden or not 3 <= len(line.text) <= 200:
            continue
        if line.text[0] not in openings:
            continue
        said = ladder.bare(line.text)
        if any(name.startswith(said) for name in named):
            for size in range(1, _MAX_TITLE_LINES + 1):
                joined = ladder.bare("".join(part.text for part in tree.lines[start : start + size]))
                if len(joined) >= 4 and joined in named:
                    return _spanned(tree, start, size)
    whole = ladder.bare(element or "")
    if whole in columns:
        whole = ""
    elif not whole.startswith(own := ladder.bare(ladder.strip_site(element or "", meta))):
        whole = own  # the site's name stands first
    best: Heading | None = None
    for start, line in enumerate(tree.lines):
        if (
            line.text[0] != whole[:1]
            or not 3 <= len(line.text) <= 200
            or line.hidden
            or 2 * line.linked > len(line.text)
        ):
            continue
        if whole.startswith(ladder.bare(line.text)):
            size = 1
            while size < _MAX_TITLE_LINES and whole.startswith(
                ladder.bare("".join(part.text for part in tree.lines[start : start + size + 1]))
            ):
                if start + size >= len(tree.lines):
                    break
                size += 1
            if size == 1 and ladder.names_a_site(line.text, meta):
                continue
            found = _spanned(tree, start, size)
            if len(found.text) >= 8 and (best is None or len(found.text) > len(best.text)):
                best = found
    if best is not None:
        return best
    for place in tree.select(_TITLE_ELEMENTS):
        if 6 <= len(tree.text(place)) <= 120 and (shown := _shown_in(tree, infos, meta, place)) is not None:
            return shown
    return _above_info_line(tree, infos)


def _shown_in(tree: Tree, infos: Mapping[int, InfoLine], meta: Mapping[str, str], place: int) -> Heading | None:
    """The first lines of a title element that are neither links nor the info line. The name of the site alone is its
    logo; with a line under it, it is the body that a title begins with: 示例县人民政府 / 关于……的报告."""
    begin, end = bisect_left(tree.firsts, place), bisect_left(tree.firsts, tree.ends[place])
    start = next((n for n in range(begin, end) if 2 * tree.lines[n].linked <= len(tree.lines[n].text)), end)
    size = 0
    while start + size < end and size < _MAX_TITLE_LINES:
        line = tree.lines[start + size]
        if start + size in infos or 2 * line.linked > len(line.text) or line.hidden:
            break
        size += 1
    if size == 0 or (size == 1 and ladder.names_a_site(tree.lines[start].text, meta)):
        return None
    return _spanned(tree, start, size)


_LOOK_ABOVE = 4


def _above_info_line(tree: Tree, infos: Mapping[int, InfoLine]) -> Heading | None:
    """The line right above the page's only info line, where nothing else names the title."""
    spots = [number for number, read in infos.items() if _states_release(read)]
    if not 1 <= len(spots) <= _FEW_INFO_LINES:
        return None
    for number in range(spots[0] - 1, max(-1, spots[0] - 1 - _LOOK_ABOVE), -1):
        line = tree.lines[number]
        text = line.text
        if line.hidden or 2 * line.linked > len(text) or not 5 <= len(text) <= 120:
            continue
        if _PATH_OF_COLUMNS.search(text) or number in infos or text[-1] in _STOPS:
            continue
        if opens_with_label_element(tree, line, table_labels()) or ladder.names_a_site(text, {}):
            continue
        return _with_lines_above(tree, infos, number)
    return None


def _with_lines_above(tree: Tree, infos: Mapping[int, InfoLine], number: int) -> Heading:
    """The line and those above it in the same block: a title is parted by breaks, not by blocks."""
    block = next((place for place in tree.ancestors(tree.lines[number].first) if tree.tags[place] in BLOCKS), 0)
    start = bisect_left(tree.firsts, block)
    above = tree.lines[start:number]
    if (
        tree.tags[block] in ("body", "html")
        or number - start >= _MAX_TITLE_LINES
        or any(2 * line.linked > len(line.text) or line.text[-1] in _STOPS for line in above)
        or any(n in infos or is_chrome(tree.lines[n].text) or tree.lines[n].hidden for n in range(start, number))
        or any(_PATH_OF_COLUMNS.search(line.text) for line in above)
    ):
        start = number
    return _spanned(tree, start, number + 1 - start)


def above_body(tree: Tree, infos: Mapping[int, InfoLine], first: int, meta: Mapping[str, str]) -> Heading | None:
    """The line right above the body, which begins at node ``first``: for pages that name their title nowhere else."""
    end = bisect_left(tree.firsts, first)
    for number in range(end - 1, max(-1, end - 1 - _LOOK_ABOVE), -1):
        line = tree.lines[number]
        text = line.text
        if line.hidden or number in infos or is_chrome(text):
            continue
        if (
            2 * line.linked > len(text)
            or not 8 <= len(text) <= 120
            or text[-1] in _STOPS
            or _PATH_OF_COLUMNS.search(text)
            or opens_with_label_element(tree, line, table_labels())
            or ladder.names_a_site(text, meta)
        ):
            return None
        return _with_lines_above(tree, infos, number)
    return None


def opening(tree: Tree, infos: Mapping[int, InfoLine], place: int) -> Heading | None:
    """The first line of an element that holds title and body alike, where it names a kind of document: pages without
    any template begin so."""
    for number in range(bisect_left(tree.firsts, place), len(tree.lines)):
        line = tree.lines[number]
        if line.first >= tree.ends[place]:
            return None
        if line.hidden or number in infos or is_chrome(line.text) or _PATH_OF_COLUMNS.search(line.text):
            continue
        named = 8 <= len(line.text) <= 60 and 2 * line.linked <= len(line.text) and _KIND_OF_DOCUMENT.search(line.text)
        return _spanned(tree, number, 1) if named else None
    return None


_KIND_OF_DOCUMENT = re.compile(
    r"(?:报告|年报|总结|情况|通知|公告|公示|通告|通报|意见|方案|计划|要点|办法|规定|细则|批复|决定|纪要|指南|目录)(?:[（(][^（()）]{1,12}[）)])?$"
)
_STOPS = "。；：:;，"
"""With what a title does not end: such a line is of a body that stands above its info line."""
_FEW_INFO_LINES = 3
"""An article states its release once, or again for small screens; a list states it with every row."""
_PATH_OF_COLUMNS = re.compile(r"位置|[>＞»]|首页|^[^：:]{1,8}[：:]")


def _states_release(read: InfoLine) -> bool:
    """Whether a line gives both the day and another fact of a release: its source, its visits, the tools beside it."""
    day = any(name == "released" and value for name, _, value in read.values)
    return (day and (bool(read.labelled) or read.lead > 0)) or "source" in read.labelled


_TITLE_ELEMENTS = (
    *("h1", "h2.title", ".article-title", ".article_title", ".xl_title", ".articletitle", ".news_title", ".arc_title"),
    *(".info-title", ".detail-title", ".con_title", ".bt"),
)


def _spanned(tree: Tree, start: int, size: int) -> Heading:
    lines = tree.lines[start : start + size]
    return Heading("".join(line.text for line in lines), start, lines[0].first, lines[-1].last)


_LOOK_BELOW = 8
"""Lines under the title within which an info line may stand."""


def under_title(
    tree: Tree, infos: Mapping[int, InfoLine], heading: Heading | None, *, meta_title: bool
) -> tuple[int | None, bool]:
    """The last text node of title and info line, and whether the two together show that this is an article.

    A label of source, release or visits near the title does; a bare date does where it is the only one of the page, or
    stands between the title that meta tags name and the body.
    """
    if heading is None:
        spots = [tree.lines[number] for number, read in infos.items() if _states_release(read)]
        return (spots[0].last, True) if 1 <= len(spots) <= _FEW_INFO_LINES else (None, False)
    last, shown = heading.last, False
    bare_dates = sum(1 for read in infos.values() if not read.labelled and not read.lead)
    reaches = True
    for number in range(max(0, heading.start - 3), min(len(tree.lines), heading.start + 1 + _LOOK_BELOW)):
        line = tree.lines[number]
        if heading.first <= line.first <= heading.last:
            continue
        read = infos.get(number)
        if read is None:
            # Behind anything that is no button, the body has begun: an info line found later stands below it.
            reaches = reaches and (
                line.first < heading.first or 2 * line.linked > len(line.text) or is_chrome(line.text)
            )
            continue
        if read.labelled & {"source", "released", "counter", "publisher"} or (read.values and bare_dates <= 2):
            shown = True
        if reaches and line.first > last and (read.labelled or not meta_title or bare_dates <= 2):
            last = line.last
    return last, shown
