"""Instants as the warehouse keeps them: TIMESTAMP in UTC without a time zone, which every client shows alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def kept(moment: datetime) -> datetime: ...
@overload
def kept(moment: None) -> None: ...
@overload
def kept(moment: datetime | None) -> datetime | None: ...
def kept(moment: datetime | None) -> datetime | None:
    """An aware instant as it is written."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


@overload
def aware(moment: datetime) -> datetime: ...
@overload
def aware(moment: None) -> None: ...
@overload
def aware(moment: datetime | None) -> datetime | None: ...
def aware(moment: datetime | None) -> datetime | None:
    """An instant as read, with its time zone."""
    return None if moment is None else moment.replace(tzinfo=UTC)
