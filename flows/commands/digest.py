"""``nianbao digest``: the last days as Markdown."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from flows.settings import Settings


def digest_command(settings: Settings, *, days: int) -> int:
    """The digest on standard output."""
    from flows.publishing.digest import digest

    sys.stdout.write(digest(settings.reader_path, now=datetime.now(UTC), days=days))
    return 0
