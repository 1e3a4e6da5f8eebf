"""Reading files in processes of their own: whatever a file does to its reader, this process goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType

from scrapers.reading.attachments.file_text_json import loaded
from scrapers.reading.attachments.file_types import named_ending
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.recognised_texts import RecognisedTexts
from scrapers.records import FileOutcome, FileText

_REMEMBERED = 32
"""Files whose text is kept at hand."""
# -P: a folder in which somebody calls us is no place to import from.
_COMMAND = (sys.executable, "-P", "-m", "scrapers.reading.attachments.reading_process")
_ROOT = str(Path(__file__).parents[3])


class FileReader:
    """Reads files, each in a fresh process with ``limits``. Safe for threads, which share ``at_most`` readers.

    Nothing is started before the first file. A file that comes again, on another page, is not read again. Close it when
    done. A scan has the text that ``recognised`` keeps of it, if any. With ``recognising`` files are not read but
    recognised, by ``recognition.recognise_file``.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        at_most: int = 2,
        recognised: RecognisedTexts | None = None,
        recognising: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self._recognised = recognised
        self._recognising = recognising
        self._free: list[subprocess.Popen[bytes]] = []
        self._turns = threading.BoundedSemaphore(at_most)
        self._lock = threading.Lock()
        self._read: OrderedDict[tuple[bytes, str | None], FileText] = OrderedDict()

    def read(self, body: bytes, name: str | None = None) -> FileText:
        """The text of a file, or why there is none. ``name`` is what it is called, for evidence. No file makes it
        raise; raises ``RecognisedTextError`` where what was recognised of it cannot be read."""
        if len(body) > self.limits.max_bytes:
            detail = f"{len(body)} bytes; at most {self.limits.max_bytes} are read"
            return FileText(FileOutcome.TOO_LARGE, detail=detail)
        key = hashlib.sha256(body).digest(), named_ending(name)
        with self._lock:
            if (found := self._read.get(key)) is not None:
                return found
        found = self._as_recognised(key[0], self._read_anew(body, name))
        with self._lock:
            self._read[key] = found
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        return found

    def _as_recognised(self, digest: bytes, found: FileText) -> FileText:
        """A scan with what was recognised of it, or with why that was not taken."""
        if found.outcome is not FileOutcome.NEEDS_OCR or self._recognised is None:
            return found
        kept = self._recognised.find(digest.hex())
        if kept is None:
            return found
        if kept.reading.outcome is not FileOutcome.READ:
            return replace(found, detail="; ".join(filter(None, (found.detail, kept.reading.detail))))
        return replace(
            kept.reading, file_type=found.file_type or kept.reading.file_type, flags=(*kept.reading.flags, *found.flags)
        )

    def _read_anew(self, body: bytes, name: str | None) -> FileText:
        with self._turns:
            for _ in range(2):
                process = self._taken()
                try:
                    answer = _asked(process, body, name, self.limits, self._recognising)
                except (OSError, ValueError, EOFError, KeyError, TypeError):
                    # the process itself died, which no file should bring about: once more with a fresh one
                    _ended(process)
                    continue
                with self._lock:
                    self._free.append(process)
                return _understood(answer)
        return FileText(FileOutcome.CRASHED, detail="the process that starts readers died twice")

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            free, self._free = self._free, []
        for process in free:
            _ended(process)

    def __enter__(self) -> FileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _taken(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._free:
                return self._free.pop()
        path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(  # noqa: S603  # our own words
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
        )


def _asked(process: subprocess.Popen[bytes], body: bytes, name: str | None, limits: Limits, recognising: bool) -> bytes:
    """Raises ``OSError``, ``ValueError`` or ``EOFError`` where the process is not there any more."""
    assert process.stdin is not None
    assert process.stdout is not None
    header = json.dumps({"length": len(body), "name": name, "limits": asdict(limits), "recognising": recognising})
    process.stdin.write(header.encode() + b"\n" + body)
    process.stdin.flush()
    line = process.stdout.readline()
    length = int(json.loads(line)["length"])
    answer = process.stdout.read(length)
    if len(answer) < length:
        raise EOFError("the answer is torn")
    return answer


def _understood(answer: bytes) -> FileText:
    try:
        return loaded(answer)
    except (ValueError, KeyError, TypeError, AttributeError):
        # the child ended well and said nothing sensible: what a file that took it over might do
        return FileText(FileOutcome.CRASHED, detail=f"the reader answered {answer[:40]!r}")


def _ended(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what was not yet written goes with the process
                pipe.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
