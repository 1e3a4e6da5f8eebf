"""The landing folder: a batch is there whole or not at all, and nothing of it is lost on the way."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers.records import Batch, Candidate, Capture, ColumnListing, Draft, Report
from tests.warehouse.sample_batches import (
    rows_of,
    whole_batch,
    without_digest,
    write_in_format_1,
    write_in_format_2,
    write_rows,
)
from warehouse.batches.landing import LOADED, SCHEMA, batch_name, pending, read_batch_file, set_aside, write_batch
from warehouse.errors import BatchConflictError, UnreadableBatchError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def as_read(value: Any) -> Any:
    """A record as ``pyarrow`` gives it back, written without the code under test."""
    if isinstance(value, StrEnum):
        return str(value)
    if dataclasses.is_dataclass(value):
        return {field.name: as_read(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return [(key, item) for key, item in value.items()]
    if isinstance(value, tuple):
        return [as_read(item) for item in value]
    return value


def places_of(draft: Draft) -> list[dict[str, Any]]:
    """The blocks as a batch file has them: their text is lines of the draft's."""
    made = "\n".join(block.text for block in draft.blocks) == draft.text
    places, start = [], 1
    for block in draft.blocks:
        places.append(
            {
                "kind": block.kind,
                "level": block.level,
                "table_position": None if block.table is None else block.table + 1,
                "start": start if made else None,
                "length": len(block.text),
                "page": block.page,
            }
        )
        start += len(block.text) + 1
    return places


def made_of_its_blocks(report: Report) -> Report:
    text = "\n".join(block.text for block in report.draft.blocks)
    return dataclasses.replace(report, draft=dataclasses.replace(report.draft, text=text))


def pairs_as_structs(headers: list[Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


@pytest.fixture(scope="module", autouse=True)
def small_values() -> Any:
    """Hypothesis builds records from their type hints; these are the leaves."""
    st.register_type_strategy(str, TEXT)
    st.register_type_strategy(int, st.integers(-(2**31), 2**31 - 1))
    st.register_type_strategy(
        datetime, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
    )
    st.register_type_strategy(date, st.dates(date(1949, 1, 1), date(2100, 1, 1)))
    yield
    # Hypothesis has no public way to forget a registration: give the types back what they had.
    st.register_type_strategy(str, st.text())
    st.register_type_strategy(int, st.integers())
    st.register_type_strategy(datetime, st.datetimes())
    st.register_type_strategy(date, st.dates())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_field_of_every_record_comes_back_from_the_file(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    batch = Batch(
        run_id="run",
        source_id="zhejiang/pujiang",
        sequence=0,
        candidates=data.draw(st.lists(st.builds(Candidate), max_size=2).map(tuple)),
        listings=data.draw(st.lists(st.builds(ColumnListing), max_size=2).map(tuple)),
        captures=data.draw(st.lists(st.builds(Capture), max_size=2).map(tuple)),
        reports=data.draw(
            st.lists(st.builds(Report) | st.builds(Report).map(made_of_its_blocks), max_size=3).map(tuple)
        ),
    )
    path = write_batch(tmp_path_factory.mktemp("landing"), batch)
    rows = read_batch_file(path).table.to_pylist()
    expected = [
        *(("report", as_read(record)) for record in batch.reports),
        *(("candidate", as_read(record)) for record in batch.candidates),
        *(("listing", as_read(record)) for record in batch.listings),
        *(("capture", as_read(record)) for record in batch.captures),
    ]
    for (_, record), report in zip(expected, batch.reports, strict=False):
        record["draft"]["blocks"] = places_of(report.draft)
    for _, record in expected:
        if "headers" in record:
            record["headers"] = pairs_as_structs(record["headers"])
    assert [(row["kind"], row[row["kind"]]) for row in rows] == expected
    assert all(row[other] is None for row in rows for other in SCHEMA.names[2:] if other != row["kind"])


def test_a_batch_appears_under_its_final_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_batch(tmp_path, whole_batch(0, 1))
    assert list(tmp_path.iterdir()) == []


def test_writing_the_same_batch_again_changes_nothing(tmp_path: Path) -> None:
    first = write_batch(tmp_path, whole_batch(0, 2))
    before = first.stat()
    assert write_batch(tmp_path, whole_batch(0, 2)) == first
    after = first.stat()  # comparing reads the file, so its access time may differ
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_another_batch_of_the_same_name_is_refused(tmp_path: Path) -> None:
    write_batch(tmp_path, whole_batch(0, 2))
    with pytest.raises(BatchConflictError, match="fresh run id"):
        write_batch(tmp_path, whole_batch(0, 1))


def test_another_batch_of_the_name_of_a_loaded_one_is_refused(tmp_path: Path) -> None:
    loaded = set_aside(write_batch(tmp_path, whole_batch(0, 2)), LOADED)
    assert write_batch(tmp_path, whole_batch(0, 2)) == loaded
    with pytest.raises(BatchConflictError, match="fresh run id"):
        write_batch(tmp_path, whole_batch(0, 1))
    assert pending(tmp_path) == ()


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_names_are_safe_and_tell_batches_apart(run: str, source: str, other_run: str, other_source: str) -> None:
    name = batch_name(run, source, 7)
    assert name.isascii()
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=@")
    assert len(name) < 200
    assert (name == batch_name(other_run, other_source, 7)) == ((run, source) == (other_run, other_source))


def test_pending_lists_batches_and_nothing_else(tmp_path: Path) -> None:
    path = write_batch(tmp_path, whole_batch(0, 1))
    (tmp_path / ".half.tmp").write_bytes(b"")
    (tmp_path / "loaded").mkdir()
    assert pending(tmp_path) == (path,)
    assert pending(tmp_path / "nowhere") == ()


def test_a_lone_surrogate_becomes_a_replacement_character(tmp_path: Path) -> None:
    batch = whole_batch(0, 1)
    broken = dataclasses.replace(batch.candidates[0], title="法\ud83d治")
    path = write_batch(tmp_path, dataclasses.replace(batch, candidates=(broken,)))
    assert read_batch_file(path).table["candidate"][1].as_py()["title"] == "法\ufffd治"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_byte_of_a_batch_can_change_unnoticed(tmp_path: Path, at: float, flip: int) -> None:
    path = write_batch(tmp_path, whole_batch(0, 2))
    whole = path.read_bytes()
    place = int(at * len(whole))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
    with pytest.raises(UnreadableBatchError, match="damaged"):
        read_batch_file(path)
    path.write_bytes(whole)
    assert read_batch_file(path).sequence == 0


@pytest.mark.parametrize("write", [write_in_format_2, lambda folder, batch: without_digest(write_batch(folder, batch))])
def test_no_value_of_a_batch_of_before_names_had_a_digest_can_change_unnoticed(tmp_path: Path, write: Any) -> None:
    """There the pages of the Parquet file have checksums."""
    path = write(tmp_path, whole_batch(0, 2))
    whole = path.read_bytes()
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    texts = next(column for column in columns if column.path_in_schema in ("report.draft.text", "rows"))
    end = texts.data_page_offset + texts.total_compressed_size
    for place in range(end - 30, end):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UnreadableBatchError):
            read_batch_file(path)
    path.write_bytes(whole)
    assert read_batch_file(path).sequence == 0


def test_a_batch_written_before_a_field_was_added_still_reads(tmp_path: Path) -> None:
    path = without_digest(write_batch(tmp_path, whole_batch(0, 1)))
    table = rows_of(path)
    reports = table["report"].combine_chunks()
    kept = [field for field in reports.type if field.name != "mirror_of"]
    older = pa.StructArray.from_arrays(
        [reports.field(field.name) for field in kept], fields=kept, mask=reports.is_null()
    )
    place = table.schema.get_field_index("report")
    write_rows(path, table.set_column(place, "report", older))
    row = read_batch_file(path).table.to_pylist()[0]["report"]
    assert row["mirror_of"] is None
    assert row["document_id"] == "doc-0"


@pytest.mark.parametrize("write_older", [write_in_format_1, write_in_format_2])
def test_a_batch_of_an_older_format_reads_the_same(tmp_path: Path, write_older: Any) -> None:
    """Of format 1 each block has its text again, and reports come last."""
    batch = whole_batch(0, 3)
    broken = dataclasses.replace(batch.reports[1], draft=dataclasses.replace(batch.reports[1].draft, text="另一文"))
    batch = dataclasses.replace(batch, reports=(batch.reports[0], broken, batch.reports[2]))
    today = read_batch_file(write_batch(tmp_path / "today", batch)).table
    older = read_batch_file(write_older(tmp_path / "older", batch)).table
    for kind in ("candidate", "listing", "capture", "report"):
        in_older, in_today = (table.filter(pc.equal(table["kind"], kind))[kind] for table in (older, today))
        assert len(in_today) > 0
        assert in_older.equals(in_today)
    starts = [[block["start"] for block in report["draft"]["blocks"]] for report in today["report"].to_pylist()[:3]]
    assert [places[:2] for places in starts] == [[1, 16], [None, None], [1, 16]]


def value_of(path: Path) -> bytes:
    """The stream of Arrow's that a batch file holds."""
    value: bytes = pq.read_table(path)["rows"][0].as_py()
    return value


def write_value(path: Path, value: bytes | None) -> None:
    """A batch file that holds this instead of its rows."""
    stated = pq.read_schema(path).metadata
    pq.write_table(pa.table({"rows": pa.array([value], pa.binary())}).replace_schema_metadata(stated), path)


def with_kinds_from_elsewhere(stream: bytes) -> bytes:
    """Strings that reach far behind the bytes that were sent, as damage or malice would have it."""
    ends = list(accumulate(map(len, ("report", "candidate", "listing", "capture")), initial=0))
    places, elsewhere = (array("i", numbers).tobytes() for numbers in (ends, [end + 10**9 for end in ends]))
    assert stream.count(places) == 1
    return stream.replace(places, elsewhere)


@pytest.mark.parametrize(
    ("break_file", "complaint"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "not a readable Parquet file"),
        (lambda path: path.write_bytes(b""), "not a readable Parquet file"),
        (lambda path: pq.write_table(pa.table({"a": [1]}), path), "not a batch"),
        (lambda path: path.rename(path.with_name("other@name@000000.parquet")), "not its batch's"),
        (
            lambda path: pq.write_table(
                pq.read_table(path).replace_schema_metadata(
                    {**pq.read_schema(path).metadata, b"nianbao.batch.format": b"99"}
                ),
                path,
            ),
            "batch format 99.*upgrade",
        ),
        (
            lambda path: write_rows(
                path, rows_of(path).drop_columns(["kind"]).append_column("kind", pa.array([[1]] * 4))
            ),
            "not typed as records are",
        ),
        (
            lambda path: write_rows(
                path, rows_of(path).drop_columns(["kind"]).append_column("kind", pa.array(["novel"] * 4))
            ),
            r"unknown kinds \['novel'\]",
        ),
        (lambda path: write_rows(path, rows_of(path).append_column("poem", pa.array([1] * 4))), "unknown columns"),
        (lambda path: pq.write_table(rows_of(path), path), "not typed as records are"),
        (lambda path: write_value(path, None), "not typed as records are"),
        (lambda path: write_value(path, b""), "not typed as records are"),
        (lambda path: write_value(path, b"no stream of Arrow's"), "not typed as records are"),
        (lambda path: write_value(path, value_of(path)[:-2000]), "not typed as records are"),
        (
            lambda path: write_value(path, value_of(path).replace(b"capture", b"capt\xffre")),
            "not typed as records are",
        ),
        (lambda path: write_value(path, with_kinds_from_elsewhere(value_of(path))), "not typed as records are"),
    ],
)
def test_a_file_that_is_no_batch_says_why(tmp_path: Path, break_file: Any, complaint: str) -> None:
    break_file(without_digest(write_batch(tmp_path, whole_batch(0, 1))))
    (path,) = pending(tmp_path)
    with pytest.raises(UnreadableBatchError, match=complaint):
        read_batch_file(path)
