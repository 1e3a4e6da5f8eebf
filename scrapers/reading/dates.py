"""Dates as Chinese pages and addresses write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))

DATE = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})\s*(?:[-/.－–—]|年)\s*(?P<m>\d{1,2})\s*(?:[-/.－–—]|月)\s*(?P<d>\d{1,2})(?!\d)\s*日?"
    r"(?:[\sT|]*(?P<H>\d{1,2})\s*(?:[:：∶]|时|点)\s*(?P<M>\d{1,2})(?!\d)(?:\s*(?:[:：∶]|分)\s*\d{0,2}\s*秒?)?)?"
)
_COMPACT = re.compile(r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:(?P<H>\d{2})(?P<M>\d{2})(?:\d{2})?)?$")
_CHINESE = re.compile(
    r"([二一][〇○零Ｏ0OО一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH = re.compile(
    rf"\b(?P<month>(?:{'|'.join(_MONTHS)})[a-z]{{0,6}})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d{{2}})\b",
    re.I,
)
_DIGIT = {**dict.fromkeys("〇○零ＯOО0", "0"), **{c: str(n) for n, c in enumerate("一二三四五六七八九", 1)}}

_EARLIEST = 1990


def find_date(text: str) -> str | None:
    """The first date of a text as ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM``."""
    if "20" in text or "19" in text:
        for match in DATE.finditer(text):
            written = _written(match)
            if written:
                return written
        compact = _COMPACT.match(text.strip())
        if compact:
            return _written(compact)
        english = _ENGLISH.search(text)
        if english:
            month = _MONTHS.index(english["month"][:3].lower()) + 1
            return _day(int(english["y"]), month, int(english["d"]))
    spoken = _CHINESE.search(text) if "年" in text else None
    if spoken:
        year = "".join(_DIGIT[c] for c in spoken[1])
        return _day(int(year), _small(spoken[2]), _small(spoken[3]))
    return None


def _written(match: re.Match[str]) -> str | None:
    day = _day(int(match["y"]), int(match["m"]), int(match["d"]))
    if day is None or match["H"] is None:
        return day
    hour, minute = int(match["H"]), int(match["M"])
    return f"{day} {hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else day


def _day(year: int, month: int, day: int) -> str | None:
    if not _EARLIEST <= year <= 2099:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _small(spoken: str) -> int:
    """1 to 31 in Chinese numerals."""
    if "十" not in spoken:
        return int(_DIGIT.get(spoken[:1], "0")) if len(spoken) == 1 else 0
    tens, _, ones = spoken.partition("十")
    return (int(_DIGIT[tens]) if tens else 1) * 10 + (int(_DIGIT[ones]) if ones else 0)


_PATHS = (
    re.compile(r"/t(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})_\d+\.s?html?"),
    re.compile(r"/art/(?P<y>20\d{2})/(?P<m>\d{1,2})/(?P<d>\d{1,2})/art_"),
    re.compile(r"/(?P<y>20\d{2})-(?P<m>\d{2})/(?P<d>\d{2})/"),
    re.compile(r"/(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})/[^/]+(?:/c\.html?|\.s?html?)"),
    re.compile(r"/(?P<y>20\d{2})(?P<m>\d{2})/(?P<d>\d{2})/"),
    re.compile(r"/(?P<y>20\d{2})/(?P<m>\d{1,2})/(?P<d>\d{1,2})/[^/]+"),
)
_TIMESTAMP = re.compile(r"/(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})\d{6,}/index\.s?html?")
_DAY_OF_YEAR = re.compile(r"/(?P<y>20\d{2})/(?P<n>\d{1,3})/\d+\.s?html?$")
_SNOWFLAKE = re.compile(r"/(?P<id>\d{19})\.s?html?$")
_SNOWFLAKE_EPOCH_MS = 1288834974657


def path_date(url: str) -> str | None:
    """The day an address states, ``YYYY-MM-DD``; ``None`` for month-only and undated addresses.

    Dialects of detail addresses: TRS ``t20250318_``, Hanweb ``/art/2025/2/6/``, ``/2024-09/30/``, ``/20240930/<hex>``,
    ``/202409/30/``, ``/2024/9/30/``, timestamps as folders, day of the year ``/2025/58/``, and snowflake ids, which
    give the day the id was made. On TRS sites the day is that of creation, not of publication.
    """
    for dialect in (*_PATHS, _TIMESTAMP):
        match = dialect.search(url)
        if match:
            day = _day(int(match["y"]), int(match["m"]), int(match["d"]))
            if day:
                return day
    match = _DAY_OF_YEAR.search(url)
    if match and int(match["n"]):
        of_year = date(int(match["y"]), 1, 1) + timedelta(days=int(match["n"]) - 1)
        if of_year.year == int(match["y"]):  # only leap years have a day 366
            return of_year.isoformat()
    match = _SNOWFLAKE.search(url)
    if match:
        seconds = ((int(match["id"]) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000
        made = datetime.fromtimestamp(seconds, UTC).astimezone(CHINA)
        if 2015 <= made.year <= 2040:
            return made.date().isoformat()
    return None
