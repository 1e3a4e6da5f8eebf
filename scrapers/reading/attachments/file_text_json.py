"""A :class:`FileText` as JSON and back: how it leaves the process that read a hostile file, never pickled."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from scrapers.records import Block, FileOutcome, FileText, Flag, Removal, Table


def dumped(found: FileText) -> bytes:
    """``found`` as UTF-8 JSON; half a letter (a lone surrogate) becomes U+FFFD."""
    return json.dumps(asdict(found), ensure_ascii=False).encode("utf-8", "replace")


def loaded(content: bytes) -> FileText:
    """The file's text again. Raises ``ValueError`` (or a subclass), ``KeyError`` or ``TypeError`` for anything else."""
    raw: dict[str, Any] = json.loads(content)
    return FileText(
        **{
            **raw,
            "outcome": FileOutcome(raw["outcome"]),
            "blocks": tuple(Block(**block) for block in raw["blocks"]),
            "tables": tuple(Table(tuple(map(tuple, table["rows"])), table["caption"]) for table in raw["tables"]),
            "removed": tuple(Removal(**removal) for removal in raw["removed"]),
            "flags": tuple(Flag(**flag) for flag in raw["flags"]),
        }
    )
