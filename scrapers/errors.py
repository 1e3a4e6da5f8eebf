"""What every foreseen error of the project is: its message alone tells a person what failed and what to do next."""

from __future__ import annotations

from typing import ClassVar


class ForeseenError(Exception):
    """Something failed that can happen to a sound program: a command says the message, without a traceback."""

    exit_code: ClassVar[int] = 1
    """Of the command that it ends."""


class UsageError(ForeseenError):
    """What a person gave is wrong: an option, a setting, a file of theirs. It stays wrong until they mend it."""

    exit_code: ClassVar[int] = 2
