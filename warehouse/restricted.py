"""The reader copy behind DuckDB's own locks: a query reads the warehouse and named files, and does nothing else."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.errors import QueryError
from warehouse.readers import open_reader
from warehouse.storage.literals import quoted


def open_restricted(
    reader: Path,
    *,
    files: Sequence[str] = (),
    memory: str | None = None,
    threads: int | None = None,
    spill: bool = True,
) -> duckdb.DuckDBPyConnection:
    """The reader copy as it is now, for statements of which nothing is known.

    No statement on it can read or write a file, attach a database, load an extension, see a variable of this process
    or change a setting (DuckDB's ``enable_external_access`` and ``lock_configuration``); the exceptions are ``files``,
    paths as queries will write them, which can be read. ``memory`` (``'2GB'``) and ``threads`` bound what all queries
    on the connection may take. What does not fit in memory is spilled to a folder of its own below the system's
    temporary one, and removed; without ``spill`` it is an error.

    Raises ``NoReaderError`` where no copy has been published, ``QueryError`` for a file that is not there.
    """
    for file in files:
        if not Path(file).is_file():
            raise QueryError(
                f"{file}: there is no such file, so no query can read it. Name an existing CSV, JSON or Parquet file"
            )
    connection = open_reader(reader)
    folder = str(Path(tempfile.gettempdir()) / f"nianbao-spill-{secrets.token_hex(8)}") if spill else ""
    settings = [
        f"temp_directory = {quoted(folder)}",
        # A view named like a variable of this process would otherwise be taken for it, where the view is missing.
        "python_enable_replacements = false",
        "autoload_known_extensions = false",
        *([f"memory_limit = {quoted(memory)}"] if memory is not None else []),
        *([f"threads = {int(threads)}"] if threads is not None else []),
        f"allowed_paths = [{', '.join(quoted(file) for file in files)}]",
        "enable_external_access = false",
        "lock_configuration = true",  # the last: it holds for every SET after it
    ]
    try:
        for setting in settings:
            connection.execute(f"SET {setting}")
    except BaseException:
        connection.close()
        raise
    return connection
