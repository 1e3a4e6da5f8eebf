"""The rules of ``chrome.toml``, and what they say of one line or one element by itself."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from scrapers.reading.dom import Tree

SENTENCE = re.compile(r"。|；|，.*，|,.*,")
NAMES_A_FILE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|wps|et|ofd|pptx?|zip|rar|7z|jpe?g|png|tiff?|txt|ceb|csv)\s*$|^附件\s*\d", re.I
)
"""Of a line that is the link to an attachment: it belongs to the document."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of ``chrome.toml``."""

    name: str
    match: str
    where: str
    concept: str
    why: str
    longest: int = 0
    pattern: re.Pattern[str] | None = None
    holds: str = ""
    """Characters of which a line must hold one for ``pattern`` to find anything."""


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in file order; a malformed file is an error of the installation and raises."""
    data = tomllib.loads(files("scrapers.reading").joinpath("chrome.toml").read_text("utf-8"))
    return tuple(
        Rule(
            name=row["name"],
            match=row["match"],
            where=row["where"],
            concept=row["concept"],
            why=row["why"],
            longest=row.get("max", 0),
            pattern=re.compile(row["pattern"].strip()) if "pattern" in row else None,
            holds=row.get("holds", ""),
        )
        for row in data["rule"]
    )


@cache
def by_match(match: str) -> tuple[Rule, ...]:
    """The rules of one way of matching: ``line``, ``block``, ``line_end`` or ``element``."""
    return tuple(rule for rule in rules() if rule.match == match)


@cache
def _lines_at(where: str, *, long: bool) -> tuple[tuple[Rule, ...], re.Pattern[str]]:
    """The line rules of one place, and one pattern that any line must fit for one of them to hold; ``long``: only those
    that take long lines, of which a body has many and the site few."""
    chosen = tuple(rule for rule in by_match("line") if rule.where == where and (rule.longest > _LONG_LINE or not long))
    union = "|".join(f"(?:{rule.pattern.pattern})" for rule in chosen if rule.pattern is not None)
    return chosen, re.compile(union)


_LONG_LINE = 80


def line_rule(where: str, text: str) -> Rule | None:
    """The first rule for lines at ``where`` that takes ``text``, a line without white space."""
    chosen, union = _lines_at(where, long=len(text) > _LONG_LINE)
    if not chosen or union.fullmatch(text) is None:
        return None
    return next((rule for rule in chosen if takes(rule, text)), None)


@cache
def longest_line(where: str) -> int:
    """Characters of the longest line that a rule for ``where`` may take."""
    return max(rule.longest for rule in by_match("line") if rule.where == where)


def takes(rule: Rule, text: str) -> bool:
    """Whether ``text``, whole, is what the rule describes and no longer than it may be."""
    return len(text) <= rule.longest and rule.pattern is not None and rule.pattern.fullmatch(text) is not None


_LONGEST_BUTTON = 100


def is_chrome(text: str) -> bool:
    """Whether a line on its own reads as a button, a prompt or a counter, wherever it stands."""
    bare = "".join(text.split())
    if len(bare) > _LONGEST_BUTTON:
        return False
    return line_rule("anywhere", bare) is not None or line_rule("tail", bare) is not None


_WIDGET_TAGS = frozenset({"div", "ul", "section", "aside", "dl", "table", "form"})
_WORD_TAGS = frozenset({"xml", "w:worddocument", "w:latentstyles", "o:officedocumentsettings"})
"""Known by themselves: they have neither id nor class."""
_JUDGED_TAGS = _WIDGET_TAGS | _WORD_TAGS


def unwanted_elements(tree: Tree, places: Sequence[int], *, keep_hidden: bool) -> dict[int, str]:
    """Elements inside the container that a rule condemns by what they are, with the rule's name.

    Elements that are styled away, unless most of the text is (``keep_hidden``: the page waits for a script), widgets by
    id and class, as long as they hold no sentence, and boxes of links to other documents, which may float in mid-text.
    """
    condemned: dict[int, str] = {}
    widgets = by_match("element")
    for place in places:
        if not keep_hidden:
            for hidden in tree.hidden:
                if place < hidden < tree.ends[place]:
                    condemned[hidden] = "hidden"
        i, end = place + 1, tree.ends[place]
        while i < end:
            tag = tree.tags[i]
            if tag not in _JUDGED_TAGS:
                pass
            elif tag in _WIDGET_TAGS:
                attributes = tree.nodes[i].attributes
                rule = _box_of_links(tree, i)
                if rule is not None:
                    condemned[i] = rule.name
                    i = tree.ends[i]
                    continue
                name = f"{tag}#{attributes.get('id') or ''}.{(attributes.get('class') or '').replace(' ', '.')}".lower()
                if len(name) > len(tag) + 2:
                    rule = next((r for r in widgets if r.pattern is not None and r.pattern.search(name)), None)
                    if rule is not None:
                        text = tree.text(i)
                        if len(text) <= rule.longest and not SENTENCE.search(text):
                            condemned[i] = rule.name
                            i = tree.ends[i]
                            continue
            elif not SENTENCE.search(tree.text(i)):  # one that is not closed holds the body
                condemned[i] = "word_settings"
                i = tree.ends[i]
                continue
            i += 1
    return condemned


def _box_of_links(tree: Tree, place: int) -> Rule | None:
    """The rule for blocks that fits the first line of an element where all its other lines are links, and none names a
    file."""
    number, end = bisect_left(tree.firsts, place), tree.ends[place]
    if number + 1 >= len(tree.lines) or tree.lines[number + 1].first >= end or not tree.lines[number + 1].linked:
        return None
    heading = "".join(tree.lines[number].text.split())
    rule = next((rule for rule in by_match("block") if takes(rule, heading)), None)
    if rule is None:
        return None
    for line in tree.lines_between(tree.lines[number + 1].first, end):
        if line.linked < 0.6 * len(line.text) or NAMES_A_FILE.search(line.text):
            return None
    return rule
