"""Days in a spelling that a source file names, as for ``strptime``: ``%d/%m/%Y``, ``%b %d, %Y``.

For spellings that no general rule may guess: 06/02/2018 is a day of February on one site and of June on another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIRECTIVES = {
    "Y": r"(?P<Y>(?:19|20)\d\d)",
    "y": r"(?P<y>\d\d)",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "b": rf"(?P<b>{'|'.join(_MONTHS)})[a-z]*\.?",
    "%": "%",
}
"""Of ``strptime``'s those that a day is made of; ``%b`` is an English month, cut short or whole."""
_LAST_OF_THIS_CENTURY = 68
"""Years of two digits, by POSIX: 00 to 68 are 20xx, 69 to 99 are 19xx."""


@cache
def pattern(spelling: str) -> re.Pattern[str]:
    """What finds a day in that spelling within a longer text; white space of any length stands for white space.

    Raises ``ValueError`` for a directive that is not of a day, and where year, month or day is missing.
    """
    parts = re.split(r"%(.?)", spelling)
    unknown = [name for name in parts[1::2] if name not in _DIRECTIVES]
    if unknown:
        raise ValueError(f"%{unknown[0]} is not known: a spelling is made of %Y or %y, %m or %b, %d")
    names = set(parts[1::2])
    if not (names & {"Y", "y"} and names & {"m", "b"} and "d" in names):
        raise ValueError(
            "a day needs a year (%Y, or %y for two digits), a month (%m, or %b for an English name) and %d"
        )
    if len(names - {"%"}) != 3 or len([name for name in parts[1::2] if name != "%"]) != 3:
        raise ValueError("year, month and day stand once each in a spelling")
    found = "".join(_DIRECTIVES[part] if n % 2 else _literal(part) for n, part in enumerate(parts))
    return re.compile(rf"(?<!\d){found}(?!\d)", re.IGNORECASE)


def _literal(text: str) -> str:
    return r"\s*".join(re.escape(part) for part in re.split(r"\s+", text))


def read_day(text: str, spellings: Iterable[str]) -> date | None:
    """The first day that ``text`` states in one of the spellings; ``None`` where it states none."""
    for spelling in spellings:
        for match in pattern(spelling).finditer(text):
            said = match.groupdict()
            year = int(said.get("Y") or said["y"])
            if "y" in said:
                year += 2000 if year <= _LAST_OF_THIS_CENTURY else 1900
            month = int(said["m"]) if "m" in said else _MONTHS.index(said["b"].lower()) + 1
            try:
                return date(year, month, int(said["d"]))
            except ValueError:  # 31/02/2018 and the like: printed, but no day
                continue
    return None
