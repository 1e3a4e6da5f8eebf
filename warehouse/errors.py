"""What can go wrong between a batch and an answer, each in words that say what to do next."""

from __future__ import annotations

from scrapers.errors import ForeseenError, UsageError


class WarehouseError(ForeseenError):
    """The warehouse cannot do what was asked; the message says why and what to do."""


class NewerWarehouseError(WarehouseError):
    """The file was written by a newer nianbao (or a newer DuckDB) than this one."""


class WarehouseBusyError(WarehouseError):
    """Another process writes. Carries who, since when, in the message."""


class NothingKeptError(WarehouseError):
    """A lost warehouse cannot be made anew: no batch of it is kept."""


class NoReaderError(WarehouseError):
    """No reader copy has been published yet."""


class LostWarehouseError(WarehouseError):
    """The warehouse that a reader copy was made from is gone; the message says how to make it anew."""


class BatchConflictError(WarehouseError):
    """A batch of this name with other content is in the landing folder, or was loaded already."""


class UnreadableBatchError(WarehouseError):
    """A batch file is no batch this loader can read."""


class QueryError(WarehouseError):
    """A query is refused or wrong; the message names the nearest table or column."""


class UnknownDocumentError(WarehouseError, UsageError):
    """Somebody asked for a document that is not there, or by a name that several have; the message has the nearest."""


class LimitError(QueryError):
    """A query ran into a limit of time, memory, rows or size; the message names the limit and how to ask for less."""


class ChecksFailedError(WarehouseError):
    """Checks of severity ``error`` found offending rows; the reader copy was left as it was."""


class ExportError(WarehouseError):
    """A package cannot be written where it was asked for, or of what was asked for."""


def is_ctrl_c(error: BaseException | None) -> bool:
    """Whether an error is Ctrl-C, also as DuckDB gives it on from the middle of a query: as a ``RuntimeError``."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and isinstance(error.__cause__, KeyboardInterrupt)
    )
