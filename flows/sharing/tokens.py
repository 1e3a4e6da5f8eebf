"""Who may ask: a file with a line for each person, ``NAME TOKEN``. Taking a line out takes the access away."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path
from typing import Final

from scrapers.errors import UsageError

LEAST_LENGTH: Final = 32
"""Characters of a token: ``openssl rand -hex 32`` gives 64."""


class TokenFileError(UsageError):
    """The file of tokens cannot be used; the message says why and what to do."""


class Tokens:
    """The tokens of a file, read again when it has changed. Digests are compared, so no token stays in memory."""

    def __init__(self, file: Path) -> None:
        """Read ``file``. Raises ``TokenFileError``."""
        self._file = file
        self._read_at: tuple[int, int, int] | None = None
        self._names: dict[bytes, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the file where it has changed. Raises ``TokenFileError``; what was known before then holds no more."""
        try:
            found = self._file.stat()
            at = (found.st_ino, found.st_mtime_ns, found.st_size)
            if at == self._read_at:
                return
            self._names, self._read_at = {}, None
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP:
                raise TokenFileError(f"{self._file} can be read or written by others: chmod 600 {self._file}")
            text = self._file.read_text("utf-8")
        except OSError as error:
            self._names, self._read_at = {}, None
            raise TokenFileError(
                f"{self._file}: {error.strerror}; name a file with a line NAME TOKEN a person"
            ) from None
        self._names = self._parsed(text)
        self._read_at = at

    def name_of(self, token: str) -> str | None:
        """Whose token it is, or ``None``."""
        given = _digest(token)
        found = None
        for digest, name in self._names.items():  # all of them: the time taken says nothing
            if hmac.compare_digest(digest, given):
                found = name
        return found

    def _parsed(self, text: str) -> dict[bytes, str]:
        names: dict[bytes, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            where = f"{self._file}, line {number}"
            if len(words) != 2:
                raise TokenFileError(f"{where}: {len(words)} words where NAME TOKEN stands")
            name, token = words
            if len(token) < LEAST_LENGTH:
                raise TokenFileError(
                    f"{where}: the token of {name} has {len(token)} characters, fewer than {LEAST_LENGTH}; "
                    "openssl rand -hex 32 makes one"
                )
            if _digest(token) in names:
                raise TokenFileError(f"{where}: {name} has the token of {names[_digest(token)]}; give each their own")
            names[_digest(token)] = name
        if not names:
            raise TokenFileError(f"{self._file} has no token: write a line NAME TOKEN for each person")
        return names


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
