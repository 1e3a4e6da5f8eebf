"""Whom ``nianbao sql`` asks: the reader copy in the data folder, or a server that shares one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import typer

from flows.settings import Settings
from warehouse.query import Answer, Stream, names, run_sql, streamed_sql, vocabulary


class QueryTarget(Protocol):
    """What answers questions. All of it raises ``QueryError`` for a question that is wrong or asks too much."""

    def answer(self, sql: str, *, limit: int | None = None, seconds: float | None = None) -> Answer:
        """The answer whole, with words on why nothing was found where they can be had."""

    def stream(
        self, sql: str, *, limit: int | None = None, seconds: float | None = None
    ) -> AbstractContextManager[Stream]:
        """The answer a piece at a time."""

    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Tables and views with their columns."""

    def vocabulary(self) -> tuple[Sequence[str], Sequence[str]]:
        """Macros and keywords."""


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """The reader copy at ``reader``; queries may read ``files`` too."""

    reader: Path
    files: tuple[str, ...] = ()

    def answer(self, sql: str, *, limit: int | None = None, seconds: float | None = None) -> Answer:
        return run_sql(self.reader, sql, limit=limit, seconds=seconds, files=self.files, hints=True)

    def stream(
        self, sql: str, *, limit: int | None = None, seconds: float | None = None
    ) -> AbstractContextManager[Stream]:
        return streamed_sql(self.reader, sql, limit=limit, seconds=seconds, files=self.files)

    def names(self) -> Mapping[str, tuple[str, ...]]:
        return names(self.reader)

    def vocabulary(self) -> tuple[Sequence[str], Sequence[str]]:
        return vocabulary(self.reader)


def query_target(settings: Settings, *, files: tuple[str, ...] = ()) -> QueryTarget:
    """The server that the settings name, else the reader copy."""
    if settings.server is None:
        return OwnCopy(settings.reader_path, files)
    if files:
        raise typer.BadParameter(
            f"{settings.server} cannot read {', '.join(files)}, a file of yours: fetch the answer into a file (--to) "
            "and join the two in a DuckDB of yours (docs/team_server.md)"
        )
    from flows.sharing.client import SharedReader

    token = settings.server_token
    return SharedReader(settings.server, token.get_secret_value() if token is not None else None)
