"""Simplified forms of words that a page may show in Traditional characters."""

from __future__ import annotations

from functools import cache, lru_cache

import opencc


@lru_cache(maxsize=8)
def simplified(text: str) -> str:
    """``text`` in Simplified characters (OpenCC ``t2s``); Simplified text comes back as it is.

    Remembered while one page is judged: several rooms ask for the same text.
    """
    return str(_converter().convert(text))


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
