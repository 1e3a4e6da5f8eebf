"""What goes to the shared store and comes from it, batch by batch: on a bucket of a local server, and on a folder."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger
from typer.testing import CliRunner

from deployments.portal.demo import SOURCES
from flows.cli import app
from flows.crawling.crawl_run import CrawlRun
from flows.maintain import MaintainParameters, maintain
from flows.publish import PublishParameters, publish
from flows.settings import Settings, SettingsError, read_settings
from flows.shared_store.freed_archive import Freed, free_archive
from flows.shared_store.handing_over import begin_from_store, hand_over, note_run
from flows.shared_store.store import SharedStore, SharedStoreError
from flows.shared_store.taking_in import become_the_loader, take_in
from scrapers.sources.registry import load_sources
from tests.flows.buckets import bucket_server, make_bucket
from tests.warehouse.sample_batches import whole_batch
from warehouse.batches.landing import HANDED_OVER, LOADED, REJECTED, batch_name, write_batch
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import close_killed_runs, finish_run, start_run
from warehouse.load import load_pending
from warehouse.query import run_sql


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with bucket_server() as environment:
        yield environment


@pytest.fixture(params=["bucket", "folder"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        (tmp_path / "share").mkdir()
        return f"file://{tmp_path / 'share'}"
    for name, value in request.getfixturevalue("server").items():
        monkeypatch.setenv(name, value)
    return make_bucket()


@pytest.fixture
def crawler(tmp_path: Path, url: str) -> Settings:
    return machine(tmp_path / "crawler", url, "crawler")


@pytest.fixture
def loader(tmp_path: Path, url: str) -> Settings:
    return machine(tmp_path / "loader", url, "loader")


def machine(data: Path, url: str, role: str) -> Settings:
    settings = read_settings(data_dir=data, shared_store=url, store_role=role, sources_dir=SOURCES)
    settings.archive_dir.mkdir(parents=True)
    return settings


def crawl(settings: Settings, sequence: int = 0) -> str:
    """What a run leaves on its machine: a batch that was loaded there, and a closed WARC file. The batch's name."""
    (settings.archive_dir / f"run-1-{sequence}.warc.gz").write_bytes(b"records")
    write_batch(settings.landing_dir, whole_batch(sequence, 2))
    load_pending(settings.warehouse_path, settings.landing_dir)
    return batch_name("run-1", whole_batch(0, 1).source_id, sequence)


def batches(settings: Settings, folder: str) -> set[str]:
    return {path.name.partition(".")[0] for path in (settings.landing_dir / folder).glob("*.parquet")}


def names(store: SharedStore, folder: str) -> list[str]:
    return [file.name for file in store.list(folder)]


# ------------------------------------------------------------------ the store


def test_what_is_put_is_got_listed_and_moved(url: str, tmp_path: Path) -> None:
    store = SharedStore(url)
    assert store.list("landing") == ()
    assert store.find("landing/年报@1=2F~.parquet") is None
    (tmp_path / "here").write_bytes(b"seven bytes"[:7])
    store.put(tmp_path / "here", "landing/年报@1=2F~.parquet")
    (held,) = store.list("landing")
    assert (held.name, held.size) == ("年报@1=2F~.parquet", 7)
    assert held.modified.tzinfo is not None
    store.move("landing/年报@1=2F~.parquet", "loaded")
    assert store.list("landing") == ()
    store.get("loaded/年报@1=2F~.parquet", tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == b"seven b"
    before = store.find("loaded/年报@1=2F~.parquet")
    (tmp_path / "here").write_bytes(b"others!")
    store.put(tmp_path / "here", "loaded/年报@1=2F~.parquet")
    after = store.find("loaded/年报@1=2F~.parquet")
    assert before is not None
    assert after is not None
    assert before.version != after.version


def test_a_transfer_that_breaks_off_leaves_nothing_half(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SharedStore(url)
    (tmp_path / "here").write_bytes(b"x" * 1000)

    def full(source: str, target: str, **_: object) -> None:
        shutil.copyfile(source, target) if target.startswith("/") else None
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(store._fs, "put_file", full)
        with pytest.raises(SharedStoreError, match=r"cannot write landing/a: .*No space left"):
            store.put(tmp_path / "here", "landing/a")
    assert store.list("landing") == ()
    store.put(tmp_path / "here", "landing/a")
    with monkeypatch.context() as broken:
        broken.setattr(store._fs, "get_file", full)
        with pytest.raises(SharedStoreError, match="cannot read landing/a"):
            store.get("landing/a", tmp_path / "there")
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"here"}


def test_a_share_that_is_not_mounted_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SharedStoreError, match="is no folder: mount it"):
        SharedStore(f"file://{tmp_path / 'absent'}")


def test_a_server_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(SharedStoreError, match=r"s3://absent/nianbao: cannot list landing: .*127\.0\.0\.1:9"):
        SharedStore("s3://absent/nianbao").list("landing")


@pytest.mark.parametrize("wrong", ["bucket/nianbao", "file://share", "ftp://host/x", "/mnt/share"])
def test_an_address_that_is_no_store_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="an address such as s3://"):
        read_settings(shared_store=wrong)


def test_keys_do_not_stand_in_the_address() -> None:
    with pytest.raises(SettingsError, match="no keys in the address"):
        read_settings(shared_store="s3://key:secret@bucket/nianbao")


# ------------------------------------------------------------------ there and back


def test_a_batch_goes_to_the_loader_and_is_kept_until_a_copy_holds_it(crawler: Settings, loader: Settings) -> None:
    batch = crawl(crawler)
    assert (hand_over(crawler).batches, hand_over(crawler).batches) == (1, 0)
    taken = take_in(loader)
    assert (taken.loaded.batches, taken.archive_files, taken.published) == (1, 1, True)
    assert (loader.archive_dir / "run-1-0.warc.gz").read_bytes() == b"records"
    assert batches(crawler, HANDED_OVER) == {batch}
    begun = begin_from_store(crawler)
    assert begun is not None
    assert (begun.received, begun.landed_again) == (1, 0)
    assert batches(crawler, HANDED_OVER) == set()
    assert begin_from_store(crawler) is None, "the same copy is not fetched twice"
    again = take_in(loader)
    assert (again.loaded.batches, again.published) == (0, False)


def test_what_the_copy_lacks_is_loaded_again_here_and_not_handed_over_twice(
    crawler: Settings, loader: Settings, url: str
) -> None:
    crawl(crawler, 0)
    hand_over(crawler)
    take_in(loader)
    second = crawl(crawler, 1)
    hand_over(crawler)
    begun = begin_from_store(crawler)
    assert begun is not None
    assert (begun.received, begun.landed_again) == (1, 1)
    load_pending(crawler.warehouse_path, crawler.landing_dir)
    with writing(crawler.warehouse_path, "test") as connection:
        assert connection.execute("SELECT count(*) FROM core_reports").fetchone() == (4,)
    hand_over(crawler)
    assert [name.partition(".")[0] for name in names(SharedStore(url), "landing") if "@" in name] == [second]
    assert take_in(loader).loaded.batches == 1


def test_a_batch_waits_for_its_warc_file_and_those_after_it_wait_too(crawler: Settings) -> None:
    (warc_file,) = {one.warc_file for one in whole_batch(0, 2).captures}
    assert warc_file is not None
    written = crawler.archive_dir / (warc_file + ".open")
    written.write_bytes(b"still written")
    crawl(crawler, 0)
    crawl(crawler, 1)
    done = hand_over(crawler)
    assert (done.batches, done.waiting) == (0, 2)
    written.rename(crawler.archive_dir / warc_file)
    done = hand_over(crawler)
    assert (done.batches, done.waiting) == (2, 0)


def test_a_batch_of_a_closed_file_waits_for_the_one_before_it_of_its_run_and_source(crawler: Settings) -> None:
    """The loader would merge the later answers of a source before the earlier ones."""
    first, second = (whole_batch(sequence, 2) for sequence in (0, 1))
    closed = tuple(replace(one, warc_file="closed.warc.gz") for one in second.captures)
    of_another = replace(whole_batch(0, 1), source_id="zhejiang/jinhua", captures=closed[:1], reports=(), candidates=())
    (crawler.archive_dir / "a.warc.gz.open").write_bytes(b"still written")
    for batch in (first, replace(second, captures=closed), replace(of_another, listings=())):
        write_batch(crawler.landing_dir, batch)
        load_pending(crawler.warehouse_path, crawler.landing_dir)
    done = hand_over(crawler)
    assert (done.batches, done.waiting) == (1, 2)
    assert batches(crawler, HANDED_OVER) == {batch_name("run-1", "zhejiang/jinhua", 0)}
    (crawler.archive_dir / "a.warc.gz.open").rename(crawler.archive_dir / "a.warc.gz")
    assert hand_over(crawler).batches == 2


def test_a_refused_batch_is_set_aside_and_offered_again(crawler: Settings, loader: Settings, url: str) -> None:
    batch = crawl(crawler)
    hand_over(crawler)
    store = SharedStore(url)
    (name,) = [name for name in names(store, "landing") if name.endswith(".parquet")]
    store.write(f"landing/{name}", "damaged on the way")
    (refused,) = take_in(loader).loaded.rejected_batches
    assert "damaged" in refused.reason
    assert (names(store, "landing"), names(store, "rejected")) == ([], [name])
    assert batches(loader, REJECTED) == {batch}
    begin_from_store(crawler)
    load_pending(crawler.warehouse_path, crawler.landing_dir)
    hand_over(crawler)
    assert take_in(loader).loaded.batches == 1
    assert batches(loader, LOADED) == {batch}


def test_runs_of_other_machines_are_known_when_they_have_ended(crawler: Settings, loader: Settings, url: str) -> None:
    began = datetime(2026, 3, 2, 1, tzinfo=UTC)
    start_run(loader.warehouse_path, "of the loader", "crawl", {}, started_at=began)
    start_run(crawler.warehouse_path, "run-1", "crawl", {"sources": ["a"]}, started_at=began)
    crawl(crawler)
    hand_over(crawler)
    take_in(loader)
    begin_from_store(crawler)
    # The loader's run goes on over there; nobody here may take it for a killed one.
    assert close_killed_runs(crawler.warehouse_path, lambda run: run == "run-1") == ()
    finish_run(crawler.warehouse_path, "run-1", "completed", {"new": 2}, finished_at=began)
    note_run(crawler, "run-1")
    assert hand_over(crawler).runs == 1
    SharedStore(url).write("landing/broken.run.json", "{}")
    taken = take_in(loader)
    assert taken.runs == 1
    assert "broken.run.json: no record of a run" in taken.troubles[0]
    asked = "SELECT run_id, state, started_at::VARCHAR, summary ->> 'new', batches FROM runs ORDER BY ALL"
    assert run_sql(loader.reader_path, asked).rows == (
        ("of the loader", "running", "2026-03-02 01:00:00", None, 0),
        ("run-1", "completed", "2026-03-02 01:00:00", "2", 1),
    )
    assert take_in(loader).troubles == ()


def test_the_record_of_a_run_killed_after_its_end_is_handed_over_by_the_next(
    crawler: Settings, loader: Settings
) -> None:
    start_run(crawler.warehouse_path, "run-1", "crawl", {})
    crawl(crawler)
    finish_run(crawler.warehouse_path, "run-1", "completed", {"new": 2})
    (crawler.state_dir / "runs").mkdir(parents=True)
    (crawler.state_dir / "runs" / "run-1.lock").touch()
    with CrawlRun(crawler, (), load_sources(SOURCES)) as run:
        pass
    take_in(loader)
    assert run_sql(loader.reader_path, "SELECT run_id, state FROM runs ORDER BY ALL").rows == (
        (run.run_id, "completed"),
        ("run-1", "completed"),
    )


def test_the_loaders_own_archive_is_in_the_store_too(loader: Settings, url: str) -> None:
    crawl(loader)
    take_in(loader)
    assert "run-1-0.warc.gz" in names(SharedStore(url), "archive")
    assert names(SharedStore(url), "landing") == []


# ------------------------------------------------------------------ who does what


def test_a_crawler_gets_back_the_disk_of_old_files_that_the_loader_holds(crawler: Settings, loader: Settings) -> None:
    crawl(crawler, 0)
    later = datetime.now(UTC) + timedelta(days=91)
    assert free_archive(crawler, now=later) == Freed(), "not handed over yet"
    hand_over(crawler)
    assert free_archive(crawler, now=later) == Freed(), "landed, and not taken in yet"
    take_in(loader)
    crawl(crawler, 1)
    assert free_archive(crawler) == Freed(), "not old enough"
    assert free_archive(crawler.model_copy(update={"keep_archive_days": 0}), now=later) == Freed()
    assert free_archive(crawler, now=later) == Freed(1, len(b"records"))
    assert [path.name for path in crawler.archive_dir.iterdir()] == ["run-1-1.warc.gz"]
    assert hand_over(crawler).archive_files == 1, "what is left is handed over as before"
    assert (loader.archive_dir / "run-1-0.warc.gz").read_bytes() == b"records"


def test_a_file_that_the_store_holds_in_another_size_stays(crawler: Settings, loader: Settings) -> None:
    crawl(crawler, 0)
    hand_over(crawler)
    take_in(loader)
    (crawler.archive_dir / "run-1-0.warc.gz").write_bytes(b"more records")
    assert free_archive(crawler, now=datetime.now(UTC) + timedelta(days=91)) == Freed()


def test_a_second_loader_is_refused_until_it_takes_over(loader: Settings, tmp_path: Path, url: str) -> None:
    take_in(loader)
    other = machine(tmp_path / "other", url, "loader")
    with pytest.raises(SettingsError, match="has a loader: the machine"):
        take_in(other)
    become_the_loader(other)
    take_in(other)
    with pytest.raises(SettingsError, match="has a loader"):
        take_in(loader)


def test_a_crawler_neither_loads_for_others_nor_publishes(crawler: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data_dir", "shared_store", "store_role"):
        monkeypatch.setenv(f"NIANBAO_{name.upper()}", str(getattr(crawler, name)))
    done = CliRunner().invoke(app, ["load"])
    assert isinstance(done.exception, SettingsError)
    assert "store_role = crawler" in str(done.exception)
    with disable_run_logger():
        for state in (publish.fn(PublishParameters()), maintain.fn(MaintainParameters())):
            assert getattr(state, "name", None) == "Skipped"
    assert not crawler.reader_path.exists()


def test_without_a_store_there_is_nothing_to_take_in(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="shared_store is not set"):
        take_in(read_settings(data_dir=tmp_path))
