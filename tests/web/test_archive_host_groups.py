"""A series of files for each host group: side by side, closed when a host is done, named after nothing that a site
says."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from scrapers.web.archive import Archive, ArchiveError
from scrapers.web.archive_scan import scan_records
from scrapers.web.capture_index import read_capture
from scrapers.web.recovery import recover
from tests.web.archived import NOON, exchange, noise, passes_warcio_check


def test_each_host_group_has_its_own_files_which_say_whose_they_are(tmp_path: Path) -> None:
    with Archive(
        tmp_path, run_id="run-1", user_agent="nianbao-test (+http://127.0.0.1/)", obeys_robots=False
    ) as archive:
        positions = [archive.write(exchange(n), group=f"www.host{n % 3}.test") for n in range(9)]
    scanned = [scan_records(path).file for path in sorted(tmp_path.glob("*.warc.gz"))]
    assert sorted((file.host_group, file.run_id, file.records) for file in scanned) == [
        (f"www.host{n}.test", "run-1", 7) for n in range(3)
    ]
    assert len({position.warc_file for position in positions}) == 3
    assert all(passes_warcio_check(path) for path in tmp_path.glob("*.warc.gz"))
    with (tmp_path / positions[0].warc_file).open("rb") as stream:
        said = next(iter(ArchiveIterator(stream))).content_stream().read().decode()
    assert "isPartOf: run-1\r\n" in said
    assert "http-header-user-agent: nianbao-test (+http://127.0.0.1/)\r\n" in said
    assert "robots: ignore\r\n" in said
    assert re.search(r"software: nianbao/\d", said)


@pytest.mark.parametrize("group", ["../../etc/passwd", "a/b", "www.测试.cn", "x" * 500, "\x00", "..", "a b\r\nc"])
def test_no_host_group_can_name_a_path(tmp_path: Path, group: str) -> None:
    with Archive(tmp_path / "archive", run_id="run-1") as archive:
        archive.write(exchange(), group=group)
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
    names = [path.name for path in (tmp_path / "archive").iterdir()]
    assert len(names) == 2
    assert all(
        re.fullmatch(r"run-1-\d{14}-[0-9a-f]{12}-\d+-[0-9a-f]{6}-00001\.(warc\.gz|cdxj)", name) for name in names
    )
    assert passes_warcio_check(next((tmp_path / "archive").glob("*.warc.gz")))


def test_no_address_or_header_of_a_page_comes_into_a_file_name(tmp_path: Path) -> None:
    page = exchange(
        url="http://www.demo.test/../../../evil.warc.gz", headers=(("Content-Disposition", "filename=../../evil"),)
    )
    with Archive(tmp_path / "archive", run_id="run-1") as archive:
        position = archive.write(page, group="www.demo.test")
    assert "evil" not in position.warc_file
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_a_group_that_is_done_is_closed_while_others_are_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path, run_id="run-1")
    done = archive.write(exchange(1), group="a.test")
    going_on = archive.write(exchange(2), group="b.test")
    archive.finish("a.test")
    archive.finish("never.seen.test")
    assert (tmp_path / done.warc_file).exists()
    assert (tmp_path / f"{going_on.warc_file}.open").exists()
    again = archive.write(exchange(3), group="a.test")
    assert again.warc_file != done.warc_file
    archive.close()
    assert len(list(tmp_path.glob("*.warc.gz"))) == 3


def test_more_groups_than_may_be_open_lose_nothing(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1", max_open=4) as archive:

        def crawl(group: str) -> None:
            for n in range(20):
                place = archive.write(exchange(n, url=f"http://{group}/{n}"), group=group)
                places.append((f"http://{group}/{n}", place))

        places: list[tuple[str, object]] = []
        threads = [threading.Thread(target=crawl, args=(f"host{n}.test",)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(tmp_path.glob("*.open"))) <= 4
    assert len(places) == 240
    assert list(tmp_path.glob("*.open")) == []
    for url, place in places:
        assert read_capture(tmp_path, place.warc_file, place.offset).url == url  # type: ignore[attr-defined]
    assert all(passes_warcio_check(path) for path in tmp_path.glob("*.warc.gz"))


def test_each_group_rotates_by_its_own_size(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1", max_bytes=6000) as archive:
        for n in range(12):
            archive.write(exchange(n, body=noise(1500)), group="large.test")
            archive.write(exchange(n, body=b""), group="small.test")
    groups = [scan_records(path).file.host_group for path in tmp_path.glob("*.warc.gz")]
    assert groups.count("large.test") == 6
    assert groups.count("small.test") < groups.count("large.test")


def test_a_request_without_an_answer_is_a_metadata_record(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        position = archive.write_failure(
            "http://www.demo.test/报告", NOON, "timeout", "no answer\r\nin 30 s", group="a"
        )
    with (tmp_path / position.warc_file).open("rb") as stream:
        records = [(r.rec_type, r.rec_headers, r.content_stream().read()) for r in ArchiveIterator(stream)]
    (_, headers, block) = records[1]
    assert [kind for kind, _, _ in records] == ["warcinfo", "metadata"]
    assert headers.get_header("WARC-Target-URI") == "http://www.demo.test/%E6%8A%A5%E5%91%8A"
    assert block == b"outcome: timeout\r\ndetail: no answer in 30 s\r\n"
    assert passes_warcio_check(tmp_path / position.warc_file)


def test_a_killed_run_of_failures_only_is_kept(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        position = archive.write_failure("http://www.demo.test/", NOON, "dns", "no such name")
    (tmp_path / position.warc_file).rename(tmp_path / f"{position.warc_file}.open")
    (recovered,) = recover(tmp_path)
    assert (recovered.records, recovered.set_aside) == (2, None)
    assert (tmp_path / position.warc_file).exists()


def test_a_file_that_was_taken_away_while_it_was_written_is_named(tmp_path: Path) -> None:
    archive = Archive(tmp_path, run_id="run-1")
    archive.write(exchange(1), group="a.test")
    archive.write(exchange(2), group="b.test")
    gone, kept = sorted(tmp_path.glob("*.open"))
    gone.unlink()
    with pytest.raises(ArchiveError, match=f"{gone.name} was moved, removed or replaced .* put it back"):
        archive.close()
    assert (tmp_path / kept.name.removesuffix(".open")).exists()


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, to whom no folder is read-only: the refusal of the operating system is made up."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    archive = Archive(tmp_path, run_id="run-1")
    monkeypatch.setattr("scrapers.web.archive_file.io.FileIO", refused)
    with pytest.raises(
        ArchiveError, match=r"cannot create: Permission denied\. Check that the folder .* may be written"
    ):
        archive.write(exchange())
    assert list(tmp_path.iterdir()) == []
