"""A file that many loads have made large is written anew, with every row in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.warehouse.sample_batches import TEXT, read_later, whole_batch
from warehouse import compaction
from warehouse.compaction import compact, compaction_is_due
from warehouse.database import attach, writing
from warehouse.errors import WarehouseBusyError, WarehouseError
from warehouse.load import LoadResult
from warehouse.migrate import migrations, schema_version
from warehouse.storage.lock import writer_lock

_TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'nianbao' ORDER BY table_name"


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    connection = attach(path, read_only=True)
    try:
        names = [name for (name,) in connection.execute(_TABLES).fetchall()]
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}
    finally:
        connection.close()


def test_a_compacted_warehouse_holds_every_row_and_loads_on(
    warehouse: Path, load: Callable[..., LoadResult], ask: Callable[..., list[tuple[Any, ...]]]
) -> None:
    load(whole_batch(0, 5))
    load(read_later(0, 5, 0, text=(*TEXT[:3], "改了。")))
    before = everything(warehouse)
    done = compact(warehouse)
    assert done.after == warehouse.stat().st_size
    assert everything(warehouse) == before
    assert ask("SELECT comment FROM duckdb_views() WHERE view_name = 'reports'") != [(None,)]
    assert ask("SELECT count(*) FROM changes") == [(1,)]
    load(whole_batch(1, 5))
    assert ask("SELECT count(*) FROM reports") == [(10,)]


def test_text_stays_compressed_as_the_schema_says(warehouse: Path, load: Callable[..., LoadResult]) -> None:
    load(whole_batch(0, 200))
    compact(warehouse)
    connection = attach(warehouse, read_only=True)
    kinds = connection.execute(
        "SELECT DISTINCT compression FROM pragma_storage_info('core_texts') "
        "WHERE column_name = 'text' AND segment_type = 'VARCHAR'"
    ).fetchall()
    connection.close()
    assert kinds == [("ZSTD",)]


def test_room_that_deleted_rows_left_is_given_back(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "LEAST_BYTES", 0)
    with writing(warehouse, "test") as connection:
        connection.execute("CREATE TABLE large AS SELECT i, hash(i)::VARCHAR AS words FROM range(2_000_000) t(i)")
    assert not compaction_is_due(warehouse)
    with writing(warehouse, "test") as connection:
        connection.execute("DROP TABLE large")
        connection.execute("CHECKPOINT")
    assert compaction_is_due(warehouse)
    done = compact(warehouse)
    assert done.after < done.before / 3
    assert not compaction_is_due(warehouse)


def test_a_small_file_is_never_due(warehouse: Path) -> None:
    assert not compaction_is_due(warehouse)
    assert not compaction_is_due(warehouse.with_name("none.duckdb"))


def test_compaction_waits_for_the_writer_and_names_it(warehouse: Path) -> None:
    with writer_lock(warehouse, "load"), pytest.raises(WarehouseBusyError, match="load holds it"):
        compact(warehouse, wait_seconds=0.1)


def test_a_file_that_lost_rows_on_the_way_never_takes_the_place(
    warehouse: Path, load: Callable[..., LoadResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(whole_batch(0, 3))
    before = warehouse.read_bytes()
    monkeypatch.setitem(compaction._ORDERED, "core_reports", "LIMIT 2")
    with pytest.raises(WarehouseError, match="core_reports has 3 rows and 2 of them came over; the old file stays"):
        compact(warehouse)
    assert warehouse.read_bytes() == before
    assert not [path for path in warehouse.parent.iterdir() if ".fresh" in path.name]


def test_nothing_to_compact_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="nianbao crawl"):
        compact(tmp_path / "none.duckdb")


def test_a_compacted_file_has_the_present_schema(warehouse: Path) -> None:
    compact(warehouse)
    connection = attach(warehouse, read_only=True)
    assert schema_version(connection) == len(migrations())
    connection.close()
