"""Hours of the day at which a host is left alone: office hours of a small server, or a nightly backup. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one time without summer time since 1991, so no zone data is needed."""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` to ``end`` in China, every day; over midnight where ``end`` is the earlier one."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """``08:00-18:00`` or, over midnight, ``22:00-06:00``; ``24:00`` is midnight. Raises ``ValueError``."""
        match = _HOURS.fullmatch(text.strip())
        if match is None or (match[3] == "24" and match[4] != "00"):
            raise ValueError(f"{text!r} are no hours: write them as 08:00-18:00, or 22:00-06:00 over midnight")
        start = time(int(match[1]), int(match[2]))
        end = time(int(match[3]) % 24, int(match[4]))
        if start == end:
            raise ValueError(f"{text!r} is the whole day or nothing; a source that is not to be asked has no columns")
        return cls(start, end)

    def ends_at(self, now: datetime) -> datetime | None:
        """When the quiet hours that ``now`` (aware) lies in end; ``None``: it lies in none."""
        here = now.astimezone(CHINA)
        clock = here.time()
        over_midnight = self.end < self.start
        since_start, before_end = clock >= self.start, clock < self.end
        if not (since_start or before_end if over_midnight else since_start and before_end):
            return None
        day = here.date() + timedelta(days=1) if over_midnight and since_start else here.date()
        return datetime.combine(day, self.end, CHINA)

    def refusal(self, now: datetime) -> str | None:
        """Why nothing may be asked at ``now``; ``None``: it may."""
        end = self.ends_at(now)
        return None if end is None else f"quiet hours {self} (China time), until {end:%Y-%m-%d %H:%M}"

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"
