"""The archive: what is written is whole and readable by others, whatever happens to the process, the disk or the
file."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from scrapers.web import warc
from scrapers.web.archive import Archive, ArchiveError, ArchiveFull
from scrapers.web.archive_scan import scan_records
from scrapers.web.capture_index import CaptureIndex, CaptureNotFoundError, read_capture, scan_file
from scrapers.web.cdxj import surt, write_index
from scrapers.web.recovery import recover
from tests.web.archived import NOON, exchange, passes_warcio_check


def test_request_and_response_pass_warcio_check_and_read_back(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        archive.write(exchange(1))
        position = archive.write(exchange(2, body=b"x" * 100_000))
    (path,) = tmp_path.glob("*.warc.gz")
    assert passes_warcio_check(path)
    with path.open("rb") as stream:
        records = [(r.rec_type, r.rec_headers.get_header("WARC-Target-URI")) for r in ArchiveIterator(stream)]
    one, two = ("http://www.demo.test/art/1.html", "http://www.demo.test/art/2.html")
    assert records == [("warcinfo", None), ("response", one), ("request", one), ("response", two), ("request", two)]
    kept = read_capture(tmp_path, position.warc_file, position.offset)
    assert (kept.url, kept.at, kept.status, kept.body) == (two, NOON, 200, b"x" * 100_000)


def test_a_file_is_named_open_until_it_is_closed(tmp_path: Path) -> None:
    archive = Archive(tmp_path, run_id="run-1")
    assert list(tmp_path.iterdir()) == []
    position = archive.write(exchange())
    assert [path.name for path in tmp_path.iterdir()] == [position.warc_file + ".open"]
    assert read_capture(tmp_path, position.warc_file, position.offset).body == exchange().body
    assert CaptureIndex(tmp_path).find(exchange().url) is not None
    archive.close()
    stem = position.warc_file.removesuffix(".warc.gz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.cdxj", f"{stem}.warc.gz"]
    assert read_capture(tmp_path, position.warc_file, position.offset).body == exchange().body


def test_what_was_synced_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("scrapers.web.archive_file.os.fsync", synced.append)
    with Archive(tmp_path, run_id="run-1") as archive:
        archive.sync()  # nothing written yet
        assert synced == []
        archive.write(exchange())
        archive.sync()
        assert len(synced) == 1


def test_a_new_file_begins_when_one_is_full(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1", max_bytes=3000) as archive:
        positions = [archive.write(exchange(n, body=os.urandom(800))) for n in range(10)]
    files = sorted(tmp_path.glob("*.warc.gz"))
    assert len(files) > 3
    assert all(path.stat().st_size <= 3000 for path in files)
    assert all(passes_warcio_check(path) for path in files)
    assert {position.warc_file for position in positions} == {path.name for path in files}


def test_a_capture_is_found_by_address_and_time(tmp_path: Path) -> None:
    times = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)]
    with Archive(tmp_path, run_id="run-1") as archive:
        for at in reversed(times):
            archive.write(exchange(1, at=at))
    index = CaptureIndex(tmp_path)
    url = exchange(1).url
    found = [index.find(url, at) for at in (NOON - timedelta(seconds=1), NOON, NOON + timedelta(hours=30), None)]
    assert [entry.at if entry else None for entry in found] == [None, times[0], times[1], times[2]]
    assert index.find("http://www.demo.test/other") is None
    assert len(index) == 3


def test_the_index_is_rebuilt_from_the_files_alone(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        for n in range(5):
            archive.write(exchange(n, url=f"http://www.demo.test/报告 {n}.html"))
    (index,) = tmp_path.glob("*.cdxj")
    written = index.read_text(encoding="utf-8")
    index.unlink()
    assert len(CaptureIndex(tmp_path)) == 5
    (path,) = tmp_path.glob("*.warc.gz")
    write_index(path, scan_records(path).entries)
    assert index.read_text(encoding="utf-8") == written


def test_addresses_sort_by_host_from_the_top_level_down() -> None:
    assert surt("http://www.Demo.test:8080/Art 1.html?b=1") == "test,demo,www:8080)/art%201.html?b=1"


@pytest.mark.parametrize("run_id", ["", "../up", "a/b", "a b", ".hidden", "x" * 101])
def test_a_run_cannot_name_a_file_outside_the_folder(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ArchiveError, match="run_id"):
        Archive(tmp_path, run_id=run_id)


@pytest.mark.parametrize("warc_file", ["../secret.warc.gz", "/etc/passwd", "a/b.warc.gz", ".warc.gz", "x.txt"])
def test_a_ledger_row_cannot_name_a_file_outside_the_folder(tmp_path: Path, warc_file: str) -> None:
    with pytest.raises(CaptureNotFoundError, match="not the name of a WARC file"):
        read_capture(tmp_path, warc_file, 0)


def test_what_is_not_where_it_was_said_to_be_is_named(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        position = archive.write(exchange())
    with pytest.raises(CaptureNotFoundError, match="a warcinfo record"):
        read_capture(tmp_path, position.warc_file, 0)
    with pytest.raises(CaptureNotFoundError, match="byte 7"):
        read_capture(tmp_path, position.warc_file, 7)
    with pytest.raises(CaptureNotFoundError, match="is not there"):
        read_capture(tmp_path, "other.warc.gz", 0)


# ---------------------------------------------------------------------------------------------- crashes


def crashed(folder: Path, content: bytes) -> Path:
    """A file as a killed process leaves it: open, and locked by nobody."""
    folder.mkdir(exist_ok=True)
    path = folder / "run-1-20261122120000-1-abcdef-00001.warc.gz.open"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """A file with three captures, and where its members end."""
    folder = tmp_path_factory.mktemp("whole")
    with Archive(folder, run_id="run-1") as archive:
        for n in range(3):
            archive.write(exchange(n))
    data = next(folder.glob("*.warc.gz")).read_bytes()
    ends = [member.offset + member.length for member in warc.walk(io.BytesIO(data), len(data))]
    assert ends[-1] == len(data)
    return data, ends


def test_a_file_torn_at_any_byte_of_the_last_capture_loses_no_whole_record(
    tmp_path: Path, whole: tuple[bytes, list[int]]
) -> None:
    data, ends = whole
    for length in range(
        ends[-3], len(data)
    ):  # from the end of the second capture through response and request of the third
        path = crashed(tmp_path, data[:length])
        (recovered,) = recover(tmp_path)
        kept = max(end for end in ends if end <= length)
        final = path.with_suffix("")
        assert final.read_bytes() == data[:kept], f"torn at byte {length}"
        assert (recovered.records, recovered.cut_bytes) == (ends.index(kept) + 1, length - kept)
        assert recovered.damage is None
        captures = len(CaptureIndex(tmp_path))
        assert captures == (3 if kept >= ends[-2] else 2)
        torn = list(tmp_path.glob("*.torn"))
        assert [aside.read_bytes() for aside in torn] == ([data[kept:length]] if length > kept else [])
        assert [aside.name for aside in torn] == ([recovered.set_aside] if recovered.set_aside else [])
        for left in tmp_path.iterdir():
            left.unlink()


def test_captures_of_a_torn_file_are_found_before_it_is_recovered(
    tmp_path: Path, whole: tuple[bytes, list[int]]
) -> None:
    data, ends = whole
    path = crashed(tmp_path, data[: ends[-2] - 1])
    entries = list(scan_file(path))
    assert [entry.url for entry in entries] == [exchange(0).url, exchange(1).url]
    recover(tmp_path)
    assert list(scan_file(path)) == entries  # listed while open, closed before it was read


def test_a_recovered_file_passes_warcio_check(tmp_path: Path, whole: tuple[bytes, list[int]]) -> None:
    path = crashed(tmp_path, whole[0][:-20])
    recover(tmp_path)
    assert passes_warcio_check(path.with_suffix(""))


def test_zeros_at_the_end_are_a_torn_tail(tmp_path: Path, whole: tuple[bytes, list[int]]) -> None:
    """A file system may have grown the file before a power failure without its bytes having been written."""
    data, ends = whole
    path = crashed(tmp_path, data[: ends[-3]] + bytes(500))
    (recovered,) = recover(tmp_path)
    assert (recovered.cut_bytes, recovered.damage) == (500, None)
    assert path.with_suffix("").read_bytes() == data[: ends[-3]]


def test_damage_in_the_middle_is_reported_and_nothing_is_cut(tmp_path: Path, whole: tuple[bytes, list[int]]) -> None:
    data, ends = whole
    broken = bytearray(data)
    broken[ends[2] + 40 : ends[2] + 60] = bytes(20)  # inside the second capture's response
    path = crashed(tmp_path, bytes(broken))
    (recovered,) = recover(tmp_path)
    assert recovered.damage is not None
    assert f"at {ends[2]}" in recovered.damage
    assert (recovered.cut_bytes, recovered.records) == (0, len(ends) - 1)
    assert path.with_suffix("").read_bytes() == bytes(broken)
    index = CaptureIndex(tmp_path)
    assert [index.find(exchange(n).url) is not None for n in range(3)] == [True, False, True]


def test_a_file_without_any_capture_is_removed(tmp_path: Path, whole: tuple[bytes, list[int]]) -> None:
    data, ends = whole
    for content, kept in ((b"", b""), (data[:10], data[:10]), (data[: ends[0]], b"")):
        crashed(tmp_path, content)
        recover(tmp_path)
        left = list(tmp_path.iterdir())
        assert [path.read_bytes() for path in left] == ([kept] if kept else [])
        for path in left:
            path.unlink()


def test_a_file_in_use_is_not_recovered(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        position = archive.write(exchange(1))
        assert recover(tmp_path) == ()
        archive.write(exchange(2))
    assert len(CaptureIndex(tmp_path)) == 2
    assert (tmp_path / position.warc_file).exists()


_WRITER = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from tests.web.archived import exchange
from scrapers.web.archive import Archive
archive = Archive(pathlib.Path(sys.argv[1]), run_id=sys.argv[3])
for n in range(int(sys.argv[4])):
    archive.write(exchange(n, url=f"http://{sys.argv[3]}.test/{n}", body=b"y" * 3000))
    print(n, flush=True)
if sys.argv[5] == "close":
    archive.close()
else:
    sys.stdin.read()
"""


def writer(folder: Path, run_id: str, count: int, ending: str) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder), root, run_id, str(count), ending],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def test_what_was_written_outlives_kill_9(tmp_path: Path) -> None:
    with writer(tmp_path, "killed", 20, "hang") as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "19":
            pass
        process.send_signal(signal.SIGKILL)
    (recovered,) = recover(tmp_path)
    assert (recovered.records, recovered.cut_bytes) == (1 + 2 * 20, 0)
    assert len(CaptureIndex(tmp_path)) == 20


def test_two_processes_with_one_run_share_a_folder(tmp_path: Path) -> None:
    with writer(tmp_path, "same", 50, "close") as one, writer(tmp_path, "same", 50, "close") as two:
        for process in (one, two):
            process.communicate()
            assert process.returncode == 0
    files = sorted(tmp_path.glob("*.warc.gz"))
    assert len(files) == 2
    assert all(passes_warcio_check(path) for path in files)
    assert len(CaptureIndex(tmp_path)) == 100


def test_threads_write_whole_records(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1", max_bytes=20_000) as archive:
        work = [
            threading.Thread(target=lambda k=k: [archive.write(exchange(k * 100 + n)) for n in range(25)])
            for k in range(8)
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    assert all(passes_warcio_check(path) for path in tmp_path.glob("*.warc.gz"))
    index = CaptureIndex(tmp_path)
    assert len(index) == 200
    for k in range(8):
        entry = index.find(exchange(k * 100).url)
        assert entry is not None
        assert index.read(entry).url == entry.url


# ---------------------------------------------------------------------------------------------- full disk


class FullAfter(io.FileIO):
    """A file on a disk with room for some bytes more."""

    room = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)[: max(type(self).room, 0)]
        if not piece:
            raise OSError(errno.ENOSPC, "No space left on device")
        type(self).room -= len(piece)
        return super().write(piece)


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path, run_id="run-1")
    monkeypatch.setattr("scrapers.web.archive_file.io.FileIO", FullAfter)
    FullAfter.room = 100_000
    archive.write(exchange(1))
    FullAfter.room = 100
    with pytest.raises(ArchiveFull, match=r"run-1-.*\.open: cannot write: No space left on device\. Free space"):
        archive.write(exchange(2))
    FullAfter.room = 100_000
    archive.write(exchange(3))
    archive.close()
    (path,) = tmp_path.glob("*.warc.gz")
    assert passes_warcio_check(path)
    assert sorted(entry.url for n in (1, 2, 3) for entry in CaptureIndex(tmp_path).captures(exchange(n).url)) == [
        exchange(1).url,
        exchange(3).url,
    ]


def test_a_disk_full_from_the_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path, run_id="run-1")
    monkeypatch.setattr("scrapers.web.archive_file.io.FileIO", FullAfter)
    FullAfter.room = 10
    with pytest.raises(ArchiveFull):
        archive.write(exchange(1))
    assert list(tmp_path.iterdir()) == []
    archive.close()


def test_a_folder_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match=r"file.*archive folder"):
        Archive(tmp_path / "file", run_id="run-1")


# ---------------------------------------------------------------------------------------------- records

_TOKEN = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=20)
_VALUE = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc", "Zs"]), max_size=40)


@given(st.lists(st.tuples(_TOKEN, _VALUE), max_size=6), st.binary(max_size=300))
def test_headers_and_body_read_back_byte_for_byte(headers: list[tuple[str, str]], body: bytes) -> None:
    block = warc.http_head("HTTP/1.1 200 OK", tuple(headers)) + body
    assert warc.split_http(block) == ("HTTP/1.1 200 OK", tuple(headers), body)


@given(st.binary(max_size=2000), st.integers(0, 9))
def test_a_record_reads_back(payload: bytes, level: int) -> None:
    data = warc.record_bytes("response", "urn:uuid:1", NOON, "application/http", payload=payload, level=level)
    (member,) = warc.walk(io.BytesIO(data), len(data))
    assert isinstance(member, warc.Member)
    assert (member.offset, member.length, member.record.block) == (0, len(data), payload)
    assert (member.record.type, member.record.date) == ("response", NOON)


def test_no_address_can_add_a_field_to_a_record() -> None:
    with pytest.raises(ValueError, match="line break"):
        warc.record_bytes(
            "response", "urn:uuid:1", NOON, "x", fields=(("WARC-Target-URI", "http://a\r\nWARC-Type: x"),)
        )


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        warc.warc_date(datetime(2026, 1, 1))
