"""Dates as list pages print them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The whole country keeps one clock, without summer time since 1991."""

_YMD = r"(?P<y>(?:19|20)\d\d)\s*[-/.年·]\s*(?P<m>\d{1,2})\s*[-/.月·]\s*(?P<d>\d{1,2})\s*[日号]?"
_CLOCK = r"(?:[T\s]*\d{1,2}[:：时]\d{1,2}(?:[:：分]\d{1,2}(?:\.\d+)?)?[分秒Z]?(?:[+-]\d\d:?\d\d)?)?"
_LABEL = r"(?:(?:发布|发文|成文|更新|公开|公布|生成|印发|上传|添加|录入)?\s*(?:时间|日期|日)\s*[:：]?)"
_WHOLE = re.compile(rf"\W*?{_LABEL}?\W*?{_YMD}{_CLOCK}\W*")
_LABELLED = re.compile(rf"{_LABEL}\s*{_YMD}(?!\d)")
_COMPACT = re.compile(r"\s*(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)\s*")
_SPLIT = (
    # day over year and month, month and day over year, year over month and day: three layouts of the same calendar leaf
    re.compile(r"\W*(?P<d>\d{1,2})日?\s+(?P<y>(?:19|20)\d\d)\s*[-/.年]\s*(?P<m>\d{1,2})月?\W*"),
    re.compile(r"\W*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})日?\s+(?P<y>(?:19|20)\d\d)年?\W*"),
    re.compile(r"\W*(?P<y>(?:19|20)\d\d)\s*[-/.年]?\s+(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})日?\W*"),
    re.compile(r"\W*(?P<y>(?:19|20)\d\d)\s*[-/.年]\s*(?P<m>\d{1,2})月?[-/.]?\s+(?P<d>\d{1,2})日?\W*"),
)
_PIECE = re.compile(r"\W*(?:19|20)\d\d(?:\s*[-/.年]\s*(?:\d{1,2}\s*[-/.月]?)?)?\W*")


def _calendar(match: re.Match[str] | None) -> date | None:
    if match is None:
        return None
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:  # 2024-02-30 and the like: printed, but no day
        return None


def read_date(text: str) -> date | None:
    """The date that ``text`` consists of: bare, in brackets, with a clock time or behind a label such as 发布时间：.

    ``None`` where ``text`` is anything else; a title that mentions a day is not a date.
    """
    text = text.strip()
    if len(text) > 60:
        return None
    return _calendar(_WHOLE.fullmatch(text) or _COMPACT.fullmatch(text))


def labelled_date(text: str) -> date | None:
    """The date behind a label inside a longer line (``来源：… 发布时间：2024-03-05``)."""
    return _calendar(_LABELLED.search(text)) if len(text) <= 200 else None


def split_date(text: str) -> date | None:
    """The date of a calendar leaf, whose parts stand in elements of their own; ``text`` has them parted by spaces."""
    if len(text) > 24:
        return None
    return next((found for found in (_calendar(shape.fullmatch(text)) for shape in _SPLIT) if found), None)


def is_date_piece(text: str) -> bool:
    """Whether ``text`` is a year, or a year and month, and so perhaps part of a calendar leaf."""
    return len(text) <= 16 and _PIECE.fullmatch(text) is not None


def from_unix(seconds: object) -> date | None:
    """The day in China of a Unix time in seconds or, from 10^11 on, milliseconds; zero and other values are no date."""
    if isinstance(seconds, str) and seconds.strip().isdigit():
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    try:
        moment = datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return moment.astimezone(CHINA).date()
