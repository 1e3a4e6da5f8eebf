"""Where the body of a page stands: by the container of its CMS family, by weight in the tree, and by runs of lines.

Three readings, none of which knows a site:

``family``
    the innermost clean container of the selectors in ``families.toml``, checked for plausibility;
``density``
    from ``<body>`` down into whichever child holds nearly all the running text;
``run``
    the stretch of the page's lines with the greatest sum of (text minus what chrome of that length would cost),
    blind to the tree. It only checks the other two: where it disagrees, the draft is flagged ``low_agreement``.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise

from scrapers.reading.dom import BLOCKS, Line, Tree
from scrapers.reading.labels import COLON, bare_label, table_labels

_CLAUSE = re.compile(r"[，。；！？,;]")
_FOOTER = re.compile(
    r"版权所有|icp备|公网安备|网站标识码|网站标识号|政府网站标识|主办单位|主办[:：]|承办单位|承办[:：]|技术支持|技术维护|建议使用|分辨率|copyright|©|"
    r"联系电话[:：].*地址|地址[:：].*(?:邮编|电话)|邮政编码[:：]|网站地图|违法和不良信息|浏览器浏览|您是第.*访问|浏览效果|浏览器版本|版权归.{2,16}[网局府站]所有|不代表本网|免责声明|点击右上角|底部的.?发现"
)
"""Of text in lower case: without re.I, the search skips to the first letters of these words."""
_PARAGRAPHS = frozenset(
    {"p", "span", "font", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "a", "strong", "b", "label", "em", "i"}
)
_SHARE_TO_DESCEND = 0.84


@dataclass(frozen=True, slots=True)
class Container:
    """Where the body stands: one subtree, or several side by side in document order."""

    places: tuple[int, ...]
    how: str
    """A selector of ``families.toml``, or ``density``, ``below_title``."""


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    tier: str
    selectors: tuple[str, ...]


@cache
def families() -> tuple[Family, ...]:
    """The containers of ``families.toml`` in their order."""
    data = tomllib.loads(files("scrapers.reading").joinpath("families.toml").read_text("utf-8"))
    return tuple(Family(row["family"], row["tier"], tuple(row["selectors"])) for row in data["container"])


@cache
def _tiers() -> tuple[tuple[str, tuple[str, ...]], ...]:
    tiers: dict[str, list[str]] = {}
    for family in families():
        tiers.setdefault(family.tier, []).extend(family.selectors)
    return tuple((tier, tuple(selectors)) for tier, selectors in tiers.items())


def _weights(lines: Sequence[Line], *, with_hidden: bool) -> list[float]:
    """How much running text each line carries, in characters: links, footers and labels carry none."""
    weights: list[float] = []
    for text, _, _, linked, hidden in lines:
        free = len(text) - linked
        if free < 5 or linked > free or (hidden and not with_hidden) or is_footer(text):
            weights.append(0.0)
        else:
            weights.append(float(free) if _CLAUSE.search(text) else free * 0.25)
    return weights


def is_footer(text: str) -> bool:
    """Whether a line is of the site's imprint."""
    return (
        len(text) < 400 and not (len(text) > 120 and text.count("。") >= 2) and _FOOTER.search(text.lower()) is not None
    )


class Weights:
    """Prefix sums over a tree's lines: how much text and how many lines any subtree holds."""

    def __init__(self, tree: Tree, *, with_hidden: bool = False) -> None:
        self.of_lines = _weights(tree.lines, with_hidden=with_hidden)
        """Weight of each line of the tree."""
        self._masses = list(accumulate(self.of_lines, initial=0.0))
        self._firsts = tree.firsts
        self._ends = tree.ends

    def mass(self, place: int) -> float:
        start, end = self._lines_of(place)
        return self._masses[end] - self._masses[start]

    def lines(self, place: int) -> int:
        start, end = self._lines_of(place)
        return end - start

    def _lines_of(self, place: int) -> tuple[int, int]:
        start = bisect_left(self._firsts, place)
        return start, bisect_left(self._firsts, self._ends[place], start)


def find_body(
    tree: Tree,
    weights: Weights,
    *,
    after: int = 0,
    anchor: int | None = None,
    is_button: Callable[[str], bool] = lambda _: False,
) -> Container | None:
    """The container of the body, or ``None`` where the page shows nothing that could be one.

    ``after`` is the index of the title's line, ``anchor`` the last text node of title and info line, where they are
    known; ``is_button`` says of a line that it is chrome wherever it stands.
    """
    family = _by_family(tree, weights, after)
    if family is not None:
        return family
    dense = _dense(tree, weights)
    running = dense is not None and _running(tree, weights, dense) >= _SHORTEST_BODY
    if dense is not None and running:
        under = _nearer(tree, weights, dense, anchor, is_button) if anchor is not None else None
        return under or Container((dense,), "density")
    if anchor is not None:
        under = below(tree, anchor, is_button)
        if under is not None:
            return under
    unseen = Weights(tree, with_hidden=True)
    hidden = _by_family(tree, unseen, after, unchallenged=True)
    if hidden is not None:
        return hidden
    covered = _dense(tree, unseen)
    if covered is not None and _running(tree, unseen, covered) >= _LONG_HIDDEN_BODY:
        return Container((covered,), "density")
    return Container((dense,), "density") if dense is not None else None


def _nearer(
    tree: Tree, weights: Weights, dense: int, anchor: int, is_button: Callable[[str], bool]
) -> Container | None:
    """What stands under the title, where the heaviest element is a column of teasers or half the page."""
    if teasers(tree, (dense,)) >= _FEW_TEASERS:
        return below(tree, anchor, is_button)
    before, first, end = bisect_left(tree.firsts, dense), bisect_left(tree.firsts, anchor), tree.ends[dense]
    if first - before < _FRAME or anchor >= end:
        return None
    under = below(tree, anchor, is_button)
    if under is None:
        return None
    after = sum(weights.of_lines[first : bisect_left(tree.firsts, end)])
    return under if sum(weights.mass(place) for place in under.places) >= _SHARE_TO_DESCEND * after else None


_FRAME = 6
"""Lines above the title from which on an element is the page's frame rather than an article."""


def teasers(tree: Tree, places: Sequence[int]) -> int:
    """Lines that are a linked title with a line of text under it that is no link."""
    lines = [line for place in places for line in tree.lines_between(place, tree.ends[place])]
    return sum(_is_teaser(line, under) for line, under in pairwise(lines))


def _is_teaser(line: Line, under: Line) -> bool:
    return line.linked >= 8 and line.linked >= 0.9 * len(line.text) and len(under.text) >= 30 > 2 * under.linked


_FEW_TEASERS = 3
"""From this many on, what stands under the title is asked before the heaviest column of the page."""
_SHORTEST_BODY = 60
"""Characters of sentences below which what stands under the title is asked first."""


_LONG_HIDDEN_BODY = 300
"""A page that is styled away until a script has run still shows its body in the end; dialogs are shorter."""


def _running(tree: Tree, weights: Weights, place: int) -> float:
    """Characters of sentences in a subtree."""
    return sum(
        value
        for line, value in zip(tree.lines, weights.of_lines, strict=True)
        if place <= line.first < tree.ends[place] and value >= 20 and ("。" in line.text or value >= 60)
    )


# ------------------------------------------------------------------------------------------------ families


def _by_family(tree: Tree, weights: Weights, after: int, *, unchallenged: bool = False) -> Container | None:
    """The container of the first tier that has a plausible one; ``unchallenged``: any that shows something will do."""
    for _tier, selectors in _tiers():
        found = tree.select(selectors)
        found = [place for place in found if tree.tags[place] not in ("body", "html", "a", "img", "iframe", "embed")]
        chosen = _clean(tree, weights, found)
        if not chosen:
            continue
        if unchallenged or _plausible(tree, weights, chosen, after):
            return Container(chosen, _how(tree, chosen[0]))
    return None


def _clean(tree: Tree, weights: Weights, found: Sequence[int]) -> tuple[int, ...]:
    """From all matches to the ones to read: innermost, once, in order."""
    kept = [place for place in found if weights.lines(place) > 0 or shows_something(tree, place)]
    if not kept:
        return ()
    innermost = [
        place
        for place in kept
        if not any(
            place < other < tree.ends[place] and weights.mass(other) >= 0.6 * weights.mass(place) for other in kept
        )
    ]
    # An inner match that holds little of an outer one that stays is part of it.
    outermost: list[int] = []
    for place in innermost:
        if outermost and place < tree.ends[outermost[-1]]:
            continue
        outermost.append(place)
    best = max(outermost, key=lambda place: (weights.mass(place), weights.lines(place)))
    group = [place for place in outermost if place == best or _same_kind(tree, place, best)]
    if len(group) == 1:
        return tuple(group)
    distinct: list[int] = []
    seen: list[str] = []
    for place in group:
        text = tree.text(place)
        if (not text and place != best) or any(_copies(text, other) for other in seen):
            continue
        distinct.append(place)
        seen.append(text)
    if len(distinct) > 1:
        # Several different containers are one body only where they stand side by side under one roof.
        heaviest = max(distinct, key=weights.mass)
        roof = tree.parents[heaviest]
        distinct = [place for place in distinct if tree.parents[place] == roof or place == heaviest]
        twin = [place for place in distinct if place < heaviest and _copies(tree.text(place), tree.text(heaviest))]
        if twin:
            distinct = twin[:1]
    return tuple(distinct)


def shows_something(tree: Tree, place: int) -> bool:
    """Whether an element without text shows a picture or a framed file."""
    return any(tree.tags[i] in ("img", "iframe", "embed") for i in range(place, tree.ends[place]))


_BESIDE_BODY = re.compile(
    r"foot|copyright|bottom|friend|(?:^|[ _-])(?:nav|menu|side|links?)|sidebar|related|xgwz|xgxx|xglj|right[ _-]?bar",
    re.I,
)


def below(tree: Tree, anchor: int, is_button: Callable[[str], bool]) -> Container | None:
    """What stands right under the title's block: for pages of a picture, an attachment, or one line.

    ``anchor`` is the last text node of title and info line. The first following siblings, from the innermost level out,
    that show anything are the body; columns of links end it.
    """
    child = anchor
    for ancestor in tree.ancestors(anchor):
        # Beside a whole page's block stand other blocks of the page; beside the line itself, the body.
        if tree.tags[ancestor] == "html" or (
            tree.tags[ancestor] == "body" and len(tree.lines_between(child, tree.ends[child])) > 1
        ):
            return None
        places: list[int] = []
        beside = tree.ends[child]
        if tree.tags[ancestor] == "a":
            return None
        if tree.tags[ancestor] != "body" and _says_something_itself(tree, ancestor, beside, is_button):
            return Container((ancestor,), "density")
        while beside < tree.ends[ancestor]:
            if tree.tags[beside]:
                if _BESIDE_BODY.search(f"{tree.attribute(beside, 'id')} {tree.attribute(beside, 'class')}"):
                    break
                lines = tree.lines_between(beside, tree.ends[beside])
                if any(is_footer(line.text) for line in lines):
                    break
                linked = sum(line.linked for line in lines)
                size = sum(len(line.text) for line in lines)
                many = len(lines) >= 3 or tree.tags[beside : tree.ends[beside]].count("a") >= _LINKS_OF_A_SITE
                if many and (linked > 0.7 * size or teasers(tree, (beside,)) >= 2):
                    break
                said = [line for line in lines if not is_button(line.text)]
                if said and not places and all(_states_a_fact(line.text) for line in said):
                    said = []  # the catalogue entry, of which the anchor may be a line
                if said or (not lines and shows_something(tree, beside)):
                    places.append(beside)
            beside = tree.ends[beside]
        if places:
            return Container(tuple(places), "below_title")
        child = ancestor
    return None


def _says_something_itself(tree: Tree, place: int, after: int, is_button: Callable[[str], bool]) -> bool:
    """Whether a sentence stands in an element between its children, behind one of them."""
    while after < tree.ends[place]:
        text = tree.texts[after] if not tree.tags[after] else ""
        if "。" in text and not is_button(text.strip()):
            return True
        after = tree.ends[after]
    return False


_LINKS_OF_A_SITE = 8
"""Links in one line, from which on they are the site's and not a document's."""


def _states_a_fact(text: str) -> bool:
    """Whether a line opens with a label of the catalogue entry and its colon."""
    label, colon, _ = COLON.sub("：", text[:_LONGEST_FACT], count=1).partition("：")
    return bool(colon) and bare_label(label) in table_labels()


_LONGEST_FACT = 200


def _same_kind(tree: Tree, one: int, other: int) -> bool:
    return tree.tags[one] == tree.tags[other] and tree.attribute(one, "class") == tree.attribute(other, "class")


def _copies(one: str, other: str) -> bool:
    """Whether two texts are the same article: equal, or the shorter stands nearly whole at the longer's beginning."""
    a, b = sorted((one.replace(" ", ""), other.replace(" ", "")), key=len)
    if a == b:
        return True
    if len(a) < 40 or len(a) < 0.8 * len(b):
        return False
    pieces = [a[i : i + 12] for i in range(0, len(a) - 12, max(12, len(a) // 60))]
    return sum(piece in b for piece in pieces) >= 0.9 * len(pieces)


def _plausible(tree: Tree, weights: Weights, chosen: tuple[int, ...], after: int) -> bool:
    """A family's container may be a teaser or an empty frame while the text stands elsewhere.

    What counts against it is running text outside: sentences, not links and imprints. A short container right under the
    title is a short document (an attachment, a picture), however long the footer.
    """
    mass = sum(weights.mass(place) for place in chosen)
    if mass >= 0.5 * weights.mass(0) and mass > 0:
        return True
    dense = _dense(tree, weights)
    if dense is None:
        return mass > 0 or any(shows_something(tree, place) for place in chosen)
    if mass >= 0.5 * weights.mass(dense):
        return True
    inside = tree.line_numbers([(place, tree.ends[place]) for place in chosen])
    outside = sum(
        len(line.text) - line.linked
        for number, (line, value) in enumerate(zip(tree.lines, weights.of_lines, strict=True))
        if value >= 40
        and line.first > after
        and number not in inside
        and "。" in line.text
        and not (number and _is_teaser(tree.lines[number - 1], line))
    )
    if outside < 120:
        return True
    return mass >= 0.35 * weights.mass(dense) and any(dense <= place < tree.ends[dense] for place in chosen)


def _how(tree: Tree, place: int) -> str:
    """The family selector that an element answers to, for the record."""
    attributes = tree.nodes[place].attributes
    names = {
        tree.tags[place],
        f"#{attributes.get('id') or ''}",
        *(f".{name}" for name in (attributes.get("class") or "").split()),
    }
    for family in families():
        for selector in family.selectors:
            if set(_SIMPLE.findall(selector)) <= names:
                return selector
    return tree.tags[place]


_SIMPLE = re.compile(r"[#.]?[^#.\s]+")


# ------------------------------------------------------------------------------------------------ density


def _dense(tree: Tree, weights: Weights) -> int | None:
    """The smallest element that still holds nearly all running text of the page."""
    if len(tree.tags) < 2:
        return None
    place = 0
    total = weights.mass(place)
    if total <= 0:
        return None
    while True:
        heaviest, best = -1, 0.0
        for child in tree.children(place):
            if tree.tags[child]:
                value = weights.mass(child)
                if value > best:
                    heaviest, best = child, value
        if heaviest < 0:
            return place
        here = weights.mass(place)
        if best < _SHARE_TO_DESCEND * here:
            step = _twin_step(tree, weights, place, here)
            if step is None:
                return place
            place = step
            continue
        if _is_paragraph(tree, weights, heaviest):
            return place
        place = heaviest


def _is_paragraph(tree: Tree, weights: Weights, place: int) -> bool:
    """Whether an element is one paragraph of a body rather than a wrapper around it."""
    if weights.lines(place) > 1:
        return False
    return tree.tags[place] in _PARAGRAPHS or not any(
        tree.tags[i] in BLOCKS for i in range(place + 1, tree.ends[place])
    )


def _twin_step(tree: Tree, weights: Weights, place: int, here: float) -> int | None:
    """Where two children hold the same article (desktop and mobile copy), the first of them."""
    twins = [
        child
        for child in tree.children(place)
        if tree.tags[child] and weights.lines(child) > 1 and weights.mass(child) >= 0.3 * here
    ]
    if len(twins) < 2:
        return None
    texts = [tree.text(child) for child in twins]
    for i, text in enumerate(texts):
        for j in range(i + 1, len(texts)):
            if _shares_most(text, texts[j]):
                return max(twins[i], twins[j], key=lambda child: (round(weights.mass(child) / here, 1), -child))
    return None


def _shares_most(one: str, other: str) -> bool:
    a, b = sorted((one.replace(" ", ""), other.replace(" ", "")), key=len)
    pieces = [a[i : i + 12] for i in range(0, max(1, len(a) - 12), max(12, len(a) // 60))]
    return bool(pieces) and sum(piece in b for piece in pieces) >= 0.8 * len(pieces)
