"""The label vocabulary of ``labels.toml``, compiled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any, NamedTuple


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("scrapers.reading").joinpath("labels.toml").read_text("utf-8"))


def _in_traditional(section: str) -> dict[str, str]:
    """Labels as sites in Traditional characters write them -> as ``labels.toml`` has them."""
    letters = {one[0]: one[1:] for one in _data()["traditional"]["letters"].split()}
    return {
        "".join(form): label
        for labels in _data()[section].values()
        for label in labels
        for form in product(*(letters.get(letter, letter) for letter in label))
        if "".join(form) != label
    }


def canonical_label(label: str) -> str:
    """A label in Simplified characters, as ``table_ranks`` has it."""
    return _canonical().get(label, label)


@cache
def _canonical() -> dict[str, str]:
    return _in_traditional("line") | _in_traditional("table")


def _with_traditional(section: str) -> dict[str, str]:
    known = {label: field for field, labels in _data()[section].items() for label in labels}
    return known | {form: known[label] for form, label in _in_traditional(section).items() if form not in known}


@cache
def table_labels() -> dict[str, str]:
    """Label of a metadata table (bare, Simplified or Traditional) -> field."""
    return _with_traditional("table")


@cache
def table_ranks() -> dict[str, tuple[str, ...]]:
    """Field -> labels of a metadata table, best first."""
    return {field: tuple(labels) for field, labels in _data()["table"].items()}


@cache
def line_labels() -> dict[str, str]:
    """Label of an info line (bare, Simplified or Traditional) -> field."""
    return _with_traditional("line")


@cache
def meta_names() -> dict[str, tuple[str, ...]]:
    """Field -> names of meta tags, best first."""
    return {field: tuple(names) for field, names in _data()["meta"].items()}


@cache
def long_labels() -> tuple[str, ...]:
    """Labels of a metadata table of three characters and more: shorter ones also open other words."""
    return tuple(label for label in table_labels() if len(label) >= 3)


@cache
def label_openings() -> frozenset[str]:
    """First characters of the lines that may be a label of a metadata table."""
    return frozenset({label[0] for label in table_labels()} | set("[【〔（(•·*|｜"))


COLON = re.compile(r"[:：∶﹕]")
"""What ``dom.has_colon`` asks for."""


class Label(NamedTuple):
    """A label of an info line where it stands."""

    name: str
    """Without white space."""
    start: int
    end: int
    """One past its colon."""


def labels_in(text: str, known: Mapping[str, str]) -> list[Label]:
    """The labels of one of the vocabularies that stand in a line, each the longest that ends at its colon, however
    templates stretch it (来 源：).

    Templates join their spans without a space, so a label may stand right behind a value. One of two characters right
    behind a Chinese character counts only where a label precedes it: 报名时间： opens a sentence of a notice, while
    来源：县政府时间： is two spans of a template.
    """
    found: list[Label] = []
    suffixes = _suffixes()
    for colon in COLON.finditer(text):
        name, best = "", None
        place, gap = colon.start(), 0
        while place > 0 and len(name) < _LONGEST_LABEL and gap <= _MAX_GAP:
            place -= 1
            letter = text[place]
            if letter.isspace():
                gap += 1
                continue
            gap = 0
            name = letter + name
            if name not in suffixes:
                break
            if name in known:
                before = text[place - 1] if place else ""
                tight = "\u4e00" <= before <= "\u9fff" or before in ("《", "“")
                if len(name) > _SHORT_LABEL or found or not tight:
                    best = Label(name, place, colon.end())
        if best is not None:
            found.append(best)
    canonical = _canonical() if found else {}
    return [one._replace(name=canonical[one.name]) if one.name in canonical else one for one in found]


@cache
def _suffixes() -> frozenset[str]:
    """With what a label of either vocabulary may end: what is no such ending can grow into no label."""
    return frozenset(label[n:] for label in (*table_labels(), *line_labels()) for n in range(len(label)))


def line_labels_in(text: str) -> list[Label]:
    """The labels of an info line that stand in a line."""
    return labels_in(text, line_labels())


_LONGEST_LABEL = 12
_SHORT_LABEL = 2
_MAX_GAP = 4
"""White space between two letters of a stretched label, at most."""

BARE = re.compile(r"[\s:：∶﹕\[\]【】〔〕（）()•·*|｜]+")


def bare_label(text: str) -> str:
    """A label without white space, colons and the brackets templates draw around it."""
    return text if text.isalpha() else BARE.sub("", text)
