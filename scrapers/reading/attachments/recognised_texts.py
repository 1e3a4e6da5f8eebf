"""What was recognised of files, kept by their digest: recognising takes minutes, and is done once.

Whoever reads a file that turns out to be a scan looks here, so that a crawl, a later reading of the archive and the run
that recognised it give the same report.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from scrapers.reading.attachments.file_text_json import dumped, loaded
from scrapers.records import FileText

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class RecognisedTextError(ValueError):
    """A kept text cannot be read; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """A file's text with the engine that made it; or, with another outcome than ``read``, why there is none."""

    engine: str
    reading: FileText


@dataclass(frozen=True, slots=True)
class RecognisedTexts:
    """A folder with one JSON file a digest. Any number of processes may use it."""

    folder: Path

    def find(self, digest: str) -> RecognisedText | None:
        """What is kept of the file of a digest (``sha256:`` before it or not). Raises :class:`RecognisedTextError`."""
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            kept = json.loads(content)
            return RecognisedText(str(kept["engine"]), loaded(json.dumps(kept["reading"]).encode()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecognisedTextError(
                f"{path}: damaged ({error!r}); delete it, and `nianbao recognise` makes it anew"
            ) from error

    def keep(self, digest: str, text: RecognisedText) -> None:
        """Keep a text in place of what was there; whole or not at all."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
        content = json.dumps({"engine": text.engine, "reading": json.loads(dumped(text.reading))}, ensure_ascii=False)
        with part.open("wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _path(self, digest: str) -> Path:
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise ValueError(f"{digest!r} is no SHA-256 digest")
        return self.folder / found[1][:2] / f"{found[1]}.json"
