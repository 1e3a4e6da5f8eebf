"""Programs of the system that read what nothing here does. All are optional; ``LOST_WITHOUT`` says what each is for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.records import FileOutcome


class Program(StrEnum):
    """By the name of its command."""

    BSDTAR = "bsdtar"
    ANTIWORD = "antiword"
    CATDOC = "catdoc"
    SOFFICE = "soffice"


LOST_WITHOUT: Final = {
    Program.BSDTAR: ("libarchive-tools", "reports packed as RAR"),
    Program.ANTIWORD: ("antiword", "DOC files of Word 6 and 95; those of Word 97 and later are read without it"),
    Program.CATDOC: ("catdoc", "the same, where antiword fails"),
    Program.SOFFICE: (
        "libreoffice-writer-nogui",
        "formats older than Word 6; about a second a file",
    ),
}
"""Program -> the Debian package that brings it, and what is lost without."""


def find(program: Program) -> str | None:
    """Where a program lies; ``None`` where it is not installed."""
    return shutil.which(program.value)


def run(command: Sequence[str], body: bytes, limits: Limits, *, what: str) -> bytes:
    """What a program makes of ``body`` on its standard input. Raises :class:`FileTrouble`.

    It inherits the limits of this process, sees an empty environment, and works in a folder that is thrown away.
    """
    with tempfile.TemporaryDirectory(prefix="nianbao-") as folder:
        return _run(command, body, limits, Path(folder), what=what)


def run_on_file(
    command: Sequence[str], body: bytes, ending: str, limits: Limits, *, what: str, output: str | None = None
) -> bytes:
    """The same for a program that wants a file: ``FILE`` in ``command`` stands for it, ``FOLDER`` for where it lies.

    ``output`` is the name of the file that it writes there; ``None``: it writes to its standard output.
    """
    with tempfile.TemporaryDirectory(prefix="nianbao-") as name:
        folder = Path(name)
        file = folder / f"document.{ending}"
        file.write_bytes(body)
        words = [word.replace("FILE", str(file)).replace("FOLDER", str(folder)) for word in command]
        said = _run(words, b"", limits, folder, what=what)
        if output is None:
            return said
        made = folder / output
        if not made.is_file():
            raise FileTrouble(FileOutcome.TRUNCATED, f"{what}: {Path(words[0]).name} made nothing of it")
        return made.read_bytes()


def _run(command: Sequence[str], body: bytes, limits: Limits, folder: Path, *, what: str) -> bytes:
    home = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603  # our own words and a file of our own, no shell
            list(command), input=body, capture_output=True, cwd=folder, env=home, timeout=limits.seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FileTrouble(
            FileOutcome.TIMEOUT, f"{what}: {Path(command[0]).name} took over {limits.seconds:.0f} s"
        ) from error
    except OSError as error:
        raise FileTrouble(FileOutcome.CRASHED, f"{what}: {command[0]}: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().replace("\n", "; ")[:300]
        asks = any(word in said.lower() for word in ("password", "passphrase", "encrypt"))
        outcome = (
            FileOutcome.ENCRYPTED if asks else FileOutcome.TRUNCATED if done.returncode > 0 else FileOutcome.CRASHED
        )
        raise FileTrouble(outcome, f"{what}: {Path(command[0]).name} ended with {done.returncode}: {said}")
    if len(done.stdout) > limits.max_unpacked:
        raise FileTrouble(FileOutcome.TOO_LARGE, f"unpacks to more than {limits.max_unpacked} bytes")
    return done.stdout
