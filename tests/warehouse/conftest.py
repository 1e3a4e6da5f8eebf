"""A warehouse of one's own for each test, and a way to ask it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch
from tests.warehouse.sample_batches import write_all
from warehouse.database import attach, writing
from warehouse.load import LoadResult, load_pending


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated warehouse without rows, made once: half of a small test's time otherwise."""
    path = tmp_path_factory.mktemp("migrated") / "empty.duckdb"
    with writing(path, "test"):
        pass
    return path


@pytest.fixture
def warehouse(tmp_path: Path, migrated: Path) -> Path:
    return Path(shutil.copyfile(migrated, tmp_path / "nianbao.duckdb"))


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def load(warehouse: Path, landing: Path) -> Callable[..., LoadResult]:
    """Write batches to the landing folder and load what is pending."""

    def load(*batches: Batch) -> LoadResult:
        write_all(landing, *batches)
        return load_pending(warehouse, landing)

    return load


@pytest.fixture
def ask(warehouse: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """The rows of a query on the writer's own file."""

    def ask(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        connection = attach(warehouse, read_only=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    return ask
