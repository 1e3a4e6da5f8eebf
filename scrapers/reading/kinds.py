"""What a page is, before anyone asks whether it is a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scrapers.reading.assembly import Assembly
from scrapers.reading.body import Container, teasers
from scrapers.reading.dates import DATE
from scrapers.reading.dom import Tree
from scrapers.reading.metadata import InfoLine
from scrapers.records import PageKind

_CHALLENGE_TEXT = re.compile(
    r"请稍候|安全验证|访问异常|Just a moment|正在(?:进行)?(?:安全)?(?:检查|检测|验证)|人机验证|滑动验证|"
    r"访问(?:被拒绝|受限|过于频繁|被拦截)|请求(?:已)?被(?:拦截|阻断|拒绝)|网站防火墙|Web应用防火墙|WAF|Access Denied|"
    r"enable JavaScript and cookies|请开启JavaScript|请启用JavaScript|浏览器安全检查",
    re.I,
)
_CHALLENGE_SCRIPT = re.compile(
    r"document\.cookie\s*=|\$_ts\b|location\.(?:reload|replace|href)|eval\(|http-equiv=[\"']?refresh|acw_sc__|/challenge",
    re.I,
)
_SHORT = 400


_SENTENCE = re.compile(r"。|；|，[^，]{2,}，|,[^,]{2,},|[\u0f0d\u1803\u06d4]|،.*\.\s*$")
"""Also in the scripts of the languages that sites write beside Chinese: Tibetan, Mongolian, Uyghur. English is left
out: what servers answer in the place of a page is English."""


def classify(
    tree: Tree,
    source: str,
    container: Container | None,
    body: Assembly,
    meta: Mapping[str, str],
    info: Sequence[InfoLine],
    *,
    shows_article: bool,
    has_files: bool,
) -> PageKind:
    """Document, list, home, empty or challenge.

    A document shows itself by an article's meta tags, by an info line or by running text in a container; a list by
    rows (links with dates, catalogue entries one under the other) without those; what has neither is empty. A page
    that shows next to nothing and works with scripts is a challenge.
    """
    visible = [line for line in tree.lines if not line.hidden]
    shown = sum(len(line.text) for line in visible)
    if shown < _SHORT and not info:
        said = " ".join(line.text for line in visible)
        if _CHALLENGE_TEXT.search(said) or (shown < 60 and _CHALLENGE_SCRIPT.search(source[:200_000])):
            return PageKind.CHALLENGE
    named = _names_an_article(meta)
    article = shows_article or named
    in_family = container is not None and container.how not in ("density", "below_title")
    sentences = sum(
        len(block.text)
        for block in body.blocks
        if block.kind == "table" or (len(block.text) >= 20 and _SENTENCE.search(block.text))
    )
    if not named and _entries(tree) >= 4:
        return PageKind.LIST
    if article and sentences:
        return PageKind.DOCUMENT
    rows = _rows(tree)
    dated = sum(1 for line in visible if len(line.text) <= 80 and "20" in line.text and DATE.search(line.text))
    if article:
        if (body.text and container is not None and container.how != "density") or has_files:
            return PageKind.DOCUMENT
        if _pictures(tree, container):
            return PageKind.DOCUMENT
        if named:
            return PageKind.EMPTY
    elif rows >= 6 and (
        (dated >= 6 and not _is_text_beside_a_list(tree, container, sentences, in_family=in_family))
        or (container is not None and teasers(tree, container.places) >= 5)
    ):
        return PageKind.LIST if _home_score(tree) < 1 else PageKind.HOME
    elif (in_family and sentences >= 60) or (sentences >= 150 and _share(tree, container) >= 0.25):
        return PageKind.DOCUMENT
    if rows >= 6 and dated >= 4:
        return PageKind.LIST if _home_score(tree) < 1 else PageKind.HOME
    if rows >= 25:
        return PageKind.HOME
    return PageKind.EMPTY


def _is_text_beside_a_list(tree: Tree, container: Container | None, sentences: int, *, in_family: bool) -> bool:
    """Whether running text outweighs dated rows: in a family's container, or in one that holds no row."""
    if in_family:
        return sentences >= 300
    rows = (
        []
        if container is None
        else [
            line
            for place in container.places
            for line in tree.lines_between(place, tree.ends[place])
            if line.linked >= 10
        ]
    )
    return sentences >= _LONG_TEXT and not rows


_LONG_TEXT = 600
_INDEX_LABEL = re.compile(r"[\[【]?索\s*引\s*号")


def _names_an_article(meta: Mapping[str, str]) -> bool:
    title = "".join(meta.get("articletitle", "").split())
    return len(title) >= 5 and title not in {"".join(meta.get(name, "").split()) for name in ("columnname", "sitename")}


def _entries(tree: Tree) -> int:
    """Lines that open a catalogue entry."""
    return sum(1 for line in tree.lines if len(line.text) <= 40 and _INDEX_LABEL.match(line.text))


def _rows(tree: Tree) -> int:
    """Lines that are a link with a title's length."""
    return sum(
        1 for line in tree.lines if not line.hidden and line.linked >= 10 and line.linked >= 0.5 * len(line.text)
    )


def _home_score(tree: Tree) -> float:
    """1 and more for a page of many blocks: 更多 under each of them."""
    more = sum(
        1
        for line in tree.lines
        if not line.hidden and line.linked and re.fullmatch(r"[\[【]?(?:更多|查看更多|more)\W*", line.text, re.I)
    )
    return more / 4


def _share(tree: Tree, container: Container | None) -> float:
    """Share of the page's visible text that stands in the container outside links."""
    if container is None:
        return 0.0
    total = inside = 0
    for line in tree.lines:
        if line.hidden:
            continue
        total += len(line.text)
        if any(place <= line.first < tree.ends[place] for place in container.places):
            inside += len(line.text) - line.linked
    return inside / total if total else 0.0


def _pictures(tree: Tree, container: Container | None) -> bool:
    """Whether the container shows a picture or a frame: the page may be a scan, or have its text in another page."""
    if container is None or container.how == "density":
        return False
    return any(tree.tags[i] in ("img", "iframe") for place in container.places for i in range(place, tree.ends[place]))
