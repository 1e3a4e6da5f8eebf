"""``python -m scrapers.reading.attachments.reading_process``: reads files on request, each in a child that may die.

The process loads the readers once and then forks a child a file, so that a file costs milliseconds and not a start of
Python. The child limits itself (memory, time, no core, no file larger than what is allowed), reads, and writes its
answer to a pipe; when it dies, or takes too long, this process says so. Requests come on standard input and answers
leave on standard output, each a line of JSON that states the length of what follows.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from typing import BinaryIO

from scrapers.reading.attachments.file_text_json import dumped
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.pdf import without_system_fonts
from scrapers.reading.attachments.reading import read_file
from scrapers.records import FileOutcome, FileText

_PIECE = 1 << 20
_NEAR = 0.8
"""Share of the memory limit from which a child that died is taken to have died of it."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        asked = json.loads(line)
        body = requests.read(asked["length"])
        answer = _in_child(body, asked["name"], Limits(**asked["limits"]), bool(asked["recognising"]))
        answers.write(json.dumps({"length": len(answer)}).encode() + b"\n" + answer)
        answers.flush()


def _in_child(body: bytes, name: str | None, limits: Limits, recognising: bool = False) -> bytes:
    mine, its = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(mine)
        _read_and_leave(its, body, name, limits, recognising)
    os.close(its)
    deadline = time.monotonic() + limits.seconds
    pieces: list[bytes] = []
    late = False
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([mine], [], [], max(left, 0))
        if not ready:
            late = True
            break
        piece = os.read(mine, _PIECE)
        if not piece:
            break
        pieces.append(piece)
    os.close(mine)
    if late:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)  # with the programs that it started
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # where it had not yet made itself a group
    _, status, usage = os.wait4(child, 0)
    if late:
        return dumped(FileText(FileOutcome.TIMEOUT, detail=f"took longer than {limits.seconds:g} s"))
    if status == 0:
        return b"".join(pieces)
    return dumped(_died(status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), limits))


def _died(status: int, most: int, limits: Limits) -> FileText:
    megabytes = limits.memory // 1024**2
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return FileText(FileOutcome.TIMEOUT, detail=f"took longer than {limits.cpu_seconds:g} s of CPU")
        if number == signal.SIGKILL or most > _NEAR * limits.memory:
            return FileText(FileOutcome.OUT_OF_MEMORY, detail=f"needed more than {megabytes} MB")
        return FileText(FileOutcome.CRASHED, detail=f"the reader died of {signal.Signals(number).name}")
    return FileText(FileOutcome.CRASHED, detail=f"the reader ended with {os.WEXITSTATUS(status)}")


def _read_and_leave(answer: int, body: bytes, name: str | None, limits: Limits, recognising: bool) -> None:
    """The child: never returns."""
    code = 0
    try:
        os.setpgid(0, 0)
        _limit(limits)
        try:
            content = dumped(_recognised(body, limits) if recognising else _read(body, name, limits))
        except MemoryError:
            content = b""
        if not content:  # outside of the handler, which would keep what filled the memory
            content = dumped(
                FileText(FileOutcome.OUT_OF_MEMORY, detail=f"needed more than {limits.memory // 1024**2} MB")
            )
        _write(answer, content)
    except BaseException as error:  # noqa: BLE001  # whatever a file does to its reader is an outcome of that file
        with contextlib.suppress(BaseException):
            at = error.__traceback__
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            place = f" at {os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at is not None else ""  # noqa: PTH119
            _write(answer, dumped(FileText(FileOutcome.CRASHED, detail=f"reader: {error!r:.300}{place}")))
    finally:
        os._exit(code)


def _read(body: bytes, name: str | None, limits: Limits) -> FileText:
    without_system_fonts()
    return read_file(body, name, limits)


def _recognised(body: bytes, limits: Limits) -> FileText:
    # an optional extra, and heavy: loaded by the child that needs it
    from scrapers.reading.attachments.recognition import recognise_file

    return recognise_file(body, limits)


def _write(answer: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(answer, view) :]


def _limit(limits: Limits) -> None:
    caps = [
        (resource.RLIMIT_CPU, int(limits.cpu_seconds) + 1),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.max_unpacked),
        (resource.RLIMIT_NOFILE, 256),
    ]
    if sys.platform != "darwin":  # macOS does not keep this limit, and refuses to set it
        caps.append((resource.RLIMIT_AS, limits.memory))
    for what, cap in caps:
        _, hard = resource.getrlimit(what)
        allowed = cap if hard == resource.RLIM_INFINITY else min(cap, hard)
        resource.setrlimit(what, (allowed, allowed))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


if __name__ == "__main__":
    # A program that a child starts must not write into the answers.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, channel)
