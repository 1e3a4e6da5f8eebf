"""When to ask again, and after how long. Pure."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RANDOM = secrets.SystemRandom()


def is_refusal(status: int) -> bool:
    """An answer by which a host asks to be left in peace: 403, 429, 5xx."""
    return status in (403, 429) or status >= 500


def retry_after(headers: Iterable[tuple[str, str]], now: datetime) -> float | None:
    """Seconds that the header Retry-After asks for, as a number or an HTTP date (RFC 9110 10.2.3); ``None``: none, or
    unreadable."""
    for name, value in headers:
        if name.lower() != "retry-after":
            continue
        value = value.strip()
        if value.isascii() and value.isdecimal():
            return float(value)
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - now).total_seconds())
    return None


def backoff(failures: int, base: float, cap: float, draw: Callable[[float, float], float] = _RANDOM.uniform) -> float:
    """Seconds to wait after ``failures`` failed attempts: ``base``, doubled each time, at most ``cap``, less a random
    part up to a half."""
    return min(cap, base * 2.0 ** (failures - 1)) * draw(0.5, 1.0)
