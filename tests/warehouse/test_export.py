"""A package is whole or not there, says what it holds, and is narrowed to what was asked for."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import polars
import pyarrow.parquet as pq
import pytest

from scrapers.records import ReportType
from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.errors import ExportError
from warehouse.export import Selection, export
from warehouse.load import load_pending
from warehouse.readers import publish

NOW = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    batch = whole_batch(0, 6)
    reports = [
        replace(
            report,
            report_year=2023 + number % 2,
            report_type=ReportType.DISCLOSURE if number > 3 else report.report_type,
        )
        for number, report in enumerate(batch.reports)
    ]
    write_all(folder / "landing", replace(batch, reports=tuple(reports)))
    load_pending(folder / "w.duckdb", folder / "landing")
    return publish(folder / "w.duckdb", folder / "reader.duckdb").path


def package_of(folder: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((folder / "datapackage.json").read_text("utf-8"))
    return held


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    return [row for file in sorted((folder / table).iterdir()) for row in pq.read_table(file).to_pylist()]


def test_the_package_says_what_its_files_hold(reader: Path, tmp_path: Path) -> None:
    done = export(reader, tmp_path / "p", version="1", now=NOW)
    package = package_of(tmp_path / "p")
    assert package["created"] == "2026-04-01T08:00:00Z"
    listed = {"datapackage.json", "README.md"}
    for resource in package["resources"]:
        file = tmp_path / "p" / resource["path"]
        listed.add(resource["path"])
        assert resource["bytes"] == file.stat().st_size
        assert resource["hash"] == "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
        assert resource["rows"] == pq.read_metadata(file).num_rows == done.rows[resource["title"]]
        assert resource["description"]
        assert [field["name"] for field in resource["schema"]["fields"]] == pq.read_schema(file).names
        assert all(field["description"] for field in resource["schema"]["fields"]), resource["name"]
    assert {p.relative_to(tmp_path / "p").as_posix() for p in (tmp_path / "p").rglob("*") if p.is_file()} == listed
    by_name = {resource["name"]: resource["schema"] for resource in package["resources"]}
    assert by_name["reports"]["primaryKey"] == ["document_id"]
    assert by_name["sections"]["primaryKey"] == ["document_id", "position"]
    (reference,) = by_name["report-texts"]["foreignKeys"]
    assert reference == {"fields": ["document_id"], "reference": {"resource": "reports", "fields": ["document_id"]}}
    text = (tmp_path / "p" / "README.md").read_text("utf-8")
    assert "| `reports/` | 6 | 1 | One row a trusted report" in text


def test_frictionless_finds_the_package_valid_and_its_keys_true(reader: Path, tmp_path: Path) -> None:
    """Its Parquet plugin wants fastparquet, so the rows are handed to it as they are read from the files."""
    export(reader, tmp_path / "p", version="1", now=NOW)
    package = package_of(tmp_path / "p")
    assert frictionless.Package(str(tmp_path / "p" / "datapackage.json")).resource_names
    resources = []
    for resource in package["resources"]:
        rows = [list(row.values()) for row in rows_of(tmp_path / "p", resource["title"])]
        names = [field["name"] for field in resource["schema"]["fields"]]
        resources.append(
            frictionless.Resource(
                name=resource["name"],
                data=[names, *rows],
                schema=frictionless.Schema.from_descriptor(resource["schema"]),
            )
        )
    report = frictionless.Package(resources=resources).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])[:5]
    assert sum(task.stats.get("rows") or 0 for task in report.tasks) > 30


@pytest.mark.parametrize(
    ("selection", "reports"),
    [
        (Selection(years=(2023,)), 3),
        (Selection(years=(2023, 2024)), 6),
        (Selection(report_type="disclosure"), 2),
        (Selection(years=(2023,), report_type="disclosure"), 1),
        (Selection(division="33"), 6),
        (Selection(division="44"), 0),
    ],
)
def test_a_selection_narrows_every_table_of_reports(
    reader: Path, tmp_path: Path, selection: Selection, reports: int
) -> None:
    done = export(reader, tmp_path / "p", selection=selection, version="1")
    held = {row["document_id"] for row in rows_of(tmp_path / "p", "reports")}
    assert len(held) == done.rows["reports"] == done.rows["report_texts"] == reports
    assert {row["document_id"] for row in rows_of(tmp_path / "p", "sections")} == held
    assert {row["document_id"] for row in rows_of(tmp_path / "p", "figures")} == held
    assert "outcomes" in done.unfiltered
    assert "Narrowed to" in package_of(tmp_path / "p")["description"]


def test_every_table_can_be_exported_and_one_alone(reader: Path, tmp_path: Path) -> None:
    done = export(reader, tmp_path / "all", everything=True, version="1")
    assert {"raw_captures", "core_versions", "core_addresses", "schema_migrations", "reports"} <= set(done.rows)
    assert export(reader, tmp_path / "one", tables=["core_reports"], version="1").rows == {"core_reports": 6}
    with pytest.raises(ExportError, match=r"no table or view reprots\. Did you mean reports"):
        export(reader, tmp_path / "none", tables=["reprots"], version="1")
    assert not (tmp_path / "none").exists()


def test_large_tables_are_parted_in_a_fixed_order(reader: Path, tmp_path: Path) -> None:
    export(reader, tmp_path / "a", tables=["raw_captures", "reports"], everything=False, version="1", now=NOW)
    export(reader, tmp_path / "b", tables=["raw_captures", "reports"], version="1", now=NOW)
    assert (tmp_path / "a" / "datapackage.json").read_bytes() == (tmp_path / "b" / "datapackage.json").read_bytes()
    big = tmp_path / "big.duckdb"
    big.write_bytes(reader.read_bytes())
    with duckdb.connect(str(big)) as connection:
        connection.execute("INSERT INTO core_vocabulary SELECT range, 't' || range FROM range(25000)")
    export(big, tmp_path / "c", tables=["core_vocabulary"], version="1", file_bytes=1)
    files = sorted((tmp_path / "c" / "core_vocabulary").iterdir())
    assert len(files) == 3
    assert polars.read_parquet(tmp_path / "c" / "core_vocabulary" / "*.parquet").height == 25_000
    names = [resource["name"] for resource in package_of(tmp_path / "c")["resources"]]
    assert names == ["core-vocabulary-0001", "core-vocabulary-0002", "core-vocabulary-0003"]
    numbers = [row["token_id"] for row in rows_of(tmp_path / "c", "core_vocabulary")]
    assert numbers == sorted(numbers)


def test_an_earlier_export_is_replaced_and_nothing_else(reader: Path, tmp_path: Path) -> None:
    export(reader, tmp_path / "p", tables=["reports", "sources"], version="1")
    export(reader, tmp_path / "p", tables=["reports"], version="2")
    assert package_of(tmp_path / "p")["version"] == "2"
    assert not (tmp_path / "p" / "sources").exists()
    (tmp_path / "p" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(ExportError, match=r"holds more than an earlier export \(notes.txt\)"):
        export(reader, tmp_path / "p", version="3")
    assert (tmp_path / "p" / "notes.txt").read_text("utf-8") == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("", "utf-8")
    with pytest.raises(ExportError, match="no earlier export"):
        export(reader, tmp_path / "other", version="1")
    (tmp_path / "empty").mkdir()
    export(reader, tmp_path / "empty", tables=["reports"], version="1")
    with pytest.raises(ExportError, match="make it first"):
        export(reader, tmp_path / "no" / "such", version="1")
    assert {path.name for path in tmp_path.iterdir()} == {"p", "other", "empty"}


def test_a_killed_export_leaves_no_package_and_the_next_one_clears_up(reader: Path, tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib, warehouse.export as e\n"
        "real = e._write_table\n"
        "def slow(*given):\n"
        "    made = real(*given); print('written', flush=True); time.sleep(60); return made\n"
        "e._write_table = slow\n"
        "e.export(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), version='1')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(reader), str(tmp_path / "p")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "p").exists()
    (left,) = tmp_path.iterdir()
    assert not (left / "datapackage.json").exists()
    export(reader, tmp_path / "p", tables=["reports"], version="1")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_package_is_of_one_copy_while_others_take_its_place(
    reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warehouse import export as module

    own = tmp_path / "reader.duckdb"
    own.write_bytes(reader.read_bytes())
    emptied = tmp_path / "emptied.duckdb"
    emptied.write_bytes(reader.read_bytes())
    with duckdb.connect(str(emptied)) as connection:
        connection.execute("DELETE FROM core_version_facts")
    real = module._write_table

    def replaced_after_the_first(*given: Any) -> Any:
        made = real(*given)
        if emptied.exists():
            emptied.replace(own)
        return made

    monkeypatch.setattr(module, "_write_table", replaced_after_the_first)
    done = export(own, tmp_path / "p", tables=["reports", "report_texts"], version="1")
    assert done.rows == {"reports": 6, "report_texts": 6}
