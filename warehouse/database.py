"""Opening the warehouse file: for the one writer, or read-only.

Files are attached to an in-memory DuckDB instead of opened by it: storage version and row-group size can be stated
(docs of DuckDB, ATTACH options), and a second opening in the same process sees a replaced file, which
``duckdb.connect(path)`` does not while an older connection is open.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from warehouse.errors import NewerWarehouseError, WarehouseBusyError, WarehouseError
from warehouse.migrate import migrate
from warehouse.storage.literals import quoted
from warehouse.storage.lock import writer_lock

CATALOG: Final = "nianbao"
"""Name of the attached database in every connection this package hands out."""
# Measured on DuckDB 1.5.5: its default storage version leaves text uncompressed (twice the size), and row groups of
# the default 122,880 rows make a commit of 50 reports three times as slow as groups of 2,048.
ATTACH_FOR_WRITING: Final = "STORAGE_VERSION 'v1.5.0', ROW_GROUP_SIZE 2048"
_WAL_AUTOCHECKPOINT = "256MB"
_FULL: Final = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""How DuckDB names a full disk in its errors, which have no number."""
_HOLDER = re.compile(r"PID (\d+)")


@contextmanager
def writing(warehouse: Path, purpose: str, *, wait_seconds: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing under the writer's lock and migrated to this version's schema.

    The file is made where there is none. Raises ``WarehouseBusyError``, ``NewerWarehouseError`` or ``WarehouseError``.
    """
    with writer_lock(warehouse, purpose, wait_seconds=wait_seconds):
        connection = attach(warehouse, read_only=False)
        try:
            with told_of_a_full_disk(warehouse):
                migrate(connection)
                yield connection
        finally:
            connection.close()


@contextmanager
def told_of_a_full_disk(warehouse: Path) -> Iterator[None]:
    """Raise ``WarehouseError`` in an operator's words where DuckDB found no space to write in the block."""
    try:
        yield
    except (duckdb.Error, WarehouseError) as error:
        if not any(words in str(error) for words in _FULL):
            raise
        raise WarehouseError(
            f"no space is left to write {warehouse}; free some, then run the same again: what has landed is kept "
            f"({error})"
        ) from error


def attach(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """A connection in which the file at ``path`` is the default database ``nianbao``.

    Instants are shown and cast in UTC. A file of another kind, of a newer DuckDB or held by another process raises the
    error that says so.
    """
    options = "READ_ONLY" if read_only else ATTACH_FOR_WRITING
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        # A bar of progress would stand between the rows on standard output.
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"ATTACH {quoted(str(path))} AS {CATALOG} ({options})")
        connection.execute(f"USE {CATALOG}")
        connection.execute("SET TimeZone = 'UTC'")
        if not read_only:
            connection.execute(f"SET wal_autocheckpoint = '{_WAL_AUTOCHECKPOINT}'")
    except duckdb.Error as error:
        connection.close()
        raise _explained(path, error) from error
    return connection


def _explained(path: Path, error: duckdb.Error) -> WarehouseError:
    text = str(error)
    if "Could not set lock" in text or "Conflicting lock" in text:
        holder = _HOLDER.search(text)
        process = f"process {holder.group(1)}" if holder else "another process"
        return WarehouseBusyError(
            f"{path} is open in {process}. Close it there; to query while crawls run, open the reader copy instead."
        )
    if "version number" in text:
        return NewerWarehouseError(
            f"{path} was written by a newer DuckDB than {duckdb.__version__}: run the nianbao that wrote it, or name "
            f"another warehouse file. ({text})"
        )
    if "not a valid DuckDB database file" in text:
        return WarehouseError(f"{path} is not a DuckDB file: name another warehouse file, or move this one away.")
    return WarehouseError(f"{path} cannot be opened: {text}")
