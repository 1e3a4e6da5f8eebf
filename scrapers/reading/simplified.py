"""Simplified forms of words that a page may show in Traditional characters."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import opencc

_IDEOGRAPHS = (range(0x3400, 0xA000), range(0xF900, 0xFB00))
"""Where the characters stand that ``t2s`` changes, but for those beyond the first plane, which are few."""
_CHANGED_IN_WORDS = "哩沈甦瞭藉衹覆坏"
_IN_A_WORD = (
    "(?:(?<![覆坏])|(?<=[函反回批拜明申示答重]覆)|(?<=覆)(?=[信呈命墓按文校])"
    "|(?<=[一土打拉捏毛陶]坏)|(?<=坏)(?=[土子布]))"
)
"""``t2s`` leaves these alone but in certain words, of which those of 覆 and 坏 are told here, for both are common.
Every word of TSPhrases of OpenCC 1.4.2 that it changes holds one of them so, or what it changes by itself."""


def simplified(text: str) -> str:
    """``text`` in Simplified characters (OpenCC ``t2s``); Simplified text comes back as it is.

    Nearly all text is, which one search tells in a fraction of the time of a conversion.
    """
    return _simplified_text(text) if len(text) > _LONGEST_WORDS else _converted(text)


_LONGEST_WORDS = 300


@lru_cache(maxsize=4)
def _simplified_text(text: str) -> str:
    """Remembered while one page is judged: several rooms ask for the same text."""
    return _converted(text)


def _converted(text: str) -> str:
    return str(_converter().convert(text)) if _changing().search(text) else text


@cache
def _changing() -> re.Pattern[str]:
    """What a text must hold for a conversion to change it."""
    characters = [chr(point) for block in _IDEOGRAPHS for point in block]
    converted = _converter().convert("\n".join(characters)).split("\n")
    changed = "".join(old for old, new in zip(characters, converted, strict=True) if old != new)
    # It begins with a set of characters, which the search skips to.
    return re.compile(f"[{changed}{_CHANGED_IN_WORDS}\U00010000-\U0010ffff]{_IN_A_WORD}")


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
