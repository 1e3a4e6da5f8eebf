"""Asking a shared copy: the same questions and answers as on a reader copy of one's own."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import requests

from flows.sharing.hint_header import HINT_HEADER, hints_of
from flows.sharing.loopback import is_loopback
from warehouse.errors import LimitError, QueryError, WarehouseError
from warehouse.query import Answer, Stream, stream_on

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 900.0
"""Longer than any server should let a query run."""


class ServerUnreachableError(WarehouseError):
    """The server of the shared copy did not answer, or does not know the token."""


class SharedReader:
    """A server of ``nianbao share`` at ``url``."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Raises ``ServerUnreachableError`` where the token would travel in the clear."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnreachableError(f"{url} is no address of a server: http:// or https:// and a name")
        if token and parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ServerUnreachableError(f"{url} would carry the token in the clear: use https://")
        self._url = url.rstrip("/")
        self._token = token

    def table(
        self, sql: str, *, limit: int | None = None, seconds: float | None = None
    ) -> tuple[pa.Table, bool, tuple[str, ...]]:
        """The answer of one reading statement, whether ``limit`` has cut it, and words on why nothing was found.

        Raises ``QueryError`` with the server's words, ``LimitError`` where ``seconds`` are over before an answer
        begins (the server ends a query whose client has left), ``ServerUnreachableError`` where there is none.
        """
        asked = {"format": "arrow"} | ({} if limit is None else {"limit": str(limit)})
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            # No redirects: a token must not follow one.
            answer = requests.post(
                f"{self._url}/sql",
                params=asked,
                data=sql.encode(),
                headers=headers | {"Content-Type": "text/plain; charset=utf-8"},
                timeout=(_CONNECT_SECONDS, seconds or _ANSWER_SECONDS),
                allow_redirects=False,
            )
        except requests.ReadTimeout as error:
            raise LimitError(f"stopped after {seconds or _ANSWER_SECONDS:g} s: ask for less") from error
        except requests.RequestException as error:
            raise ServerUnreachableError(f"{self._url} does not answer: {_why(error)}") from error
        if answer.status_code == 401:
            raise ServerUnreachableError(f"{self._url}: {_words(answer)}. Set NIANBAO_SERVER_TOKEN to your token")
        if answer.status_code == 422:
            raise LimitError(_words(answer))
        if answer.status_code in (400, 413):
            raise QueryError(_words(answer))
        if answer.status_code != 200:
            raise ServerUnreachableError(f"{self._url} answered {answer.status_code}: {_words(answer)}")
        try:
            table = pa.ipc.open_stream(answer.content).read_all()
        except pa.ArrowInvalid as error:
            raise ServerUnreachableError(f"{self._url} is no server of nianbao share: {error}") from error
        return table, answer.headers.get("Nianbao-Cut") == "yes", hints_of(answer.headers.get(HINT_HEADER))

    @contextmanager
    def stream(self, sql: str, *, limit: int | None = None, seconds: float | None = None) -> Iterator[Stream]:
        """The answer as DuckDB gives it from a file of one's own, row by row or in batches; raises as ``table``."""
        table, cut, _ = self.table(sql, limit=limit, seconds=seconds)
        with _streamed(table, cut=cut) as stream:
            yield stream

    def answer(self, sql: str, *, limit: int | None = None, seconds: float | None = None) -> Answer:
        """The answer whole; raises as ``table``."""
        table, cut, hints = self.table(sql, limit=limit, seconds=seconds)
        with _streamed(table, cut=cut) as stream:
            return Answer(stream.columns, stream.types, tuple(stream.rows()), cut, hints)

    def names(self) -> dict[str, tuple[str, ...]]:
        """Tables and views with their columns, for completion at a prompt."""
        found: dict[str, tuple[str, ...]] = {}
        for table, column, *_ in self.answer(".schema").rows:
            found[table] = (*found.get(table, ()), column)
        return found

    def vocabulary(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The warehouse's macros and SQL's keywords, for completion at a prompt."""
        macros = sorted({str(row[0]).partition("(")[0] for row in self.answer(".macros").rows})
        words = self.answer("SELECT DISTINCT keyword_name FROM duckdb_keywords() ORDER BY 1").rows
        return tuple(macros), tuple(str(word) for (word,) in words)


def _why(error: BaseException) -> str:
    """What the system said, beneath the words of the libraries between."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return f"{type(error).__name__}: {error}"


@contextmanager
def _streamed(table: pa.Table, *, cut: bool) -> Iterator[Stream]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("answer", table)
        with stream_on(connection, "FROM answer") as stream:
            stream.cut = cut
            yield stream


def _words(answer: requests.Response) -> str:
    if answer.headers.get("Content-Type", "").startswith("text/plain"):
        return answer.content[:4000].decode("utf-8", "replace").strip()
    return answer.reason or "no words"
