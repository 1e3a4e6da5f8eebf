"""Verifying a WARC file: whole files are found whole, and every kind of damage is named with its place."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scrapers.web import warc
from scrapers.web.archive import Archive
from scrapers.web.archive_check import check_file
from scrapers.web.archive_scan import scan_records
from scrapers.web.capture_index import CaptureNotFoundError, read_capture, scan_file
from tests.web.archived import NOON, exchange, known, not_modified, written


def only(folder: Path) -> Path:
    (path,) = folder.glob("*.warc.gz*")
    return path


def members(path: Path) -> list[warc.Member]:
    data = path.read_bytes()
    return [found for found in warc.walk(io.BytesIO(data), len(data)) if isinstance(found, warc.Member)]


def rewritten(path: Path, number: int, change: Callable[[bytes], bytes]) -> int:
    """Pack record ``number`` anew with changed bytes, its gzip member valid; returns where it begins."""
    found = members(path)[number]
    data = path.read_bytes()
    plain = gzip.decompress(data[found.offset : found.offset + found.length])
    changed = change(plain)
    assert changed != plain
    path.write_bytes(data[: found.offset] + gzip.compress(changed) + data[found.offset + found.length :])
    return found.offset


def replacing(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda plain: plain.replace(old, new, 1)


def test_a_whole_file_has_no_fault(tmp_path: Path) -> None:
    positions = written(tmp_path, exchange(1), exchange(2, truncated="length"))
    checked = check_file(only(tmp_path))
    assert (checked.faults, checked.state, checked.file.records) == ((), "closed", 5)
    assert checked.captures == tuple((position.record_id, position.offset) for position in positions)
    assert (checked.file.run_id, checked.file.first_at, checked.file.damage) == ("run-1", NOON, ())


def test_a_member_that_does_not_unpack_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    positions = written(tmp_path, *(exchange(n) for n in range(3)))
    path = only(tmp_path)
    data = bytearray(path.read_bytes())
    data[positions[1].offset + 50] ^= 0xFF
    path.write_bytes(data)
    checked = check_file(path)
    (stretch, orphan) = checked.faults
    assert (stretch.warc_file, stretch.offset) == (path.name, positions[1].offset)
    assert "hold no whole record" in stretch.what
    assert "restore the file from a copy" in stretch.advice
    assert "whose answer" in orphan.what
    assert checked.file.records == 6
    assert [identifier for identifier, _ in checked.captures] == [positions[0].record_id, positions[2].record_id]
    assert str(stretch).startswith(f"{path.name}, byte {positions[1].offset}: ")


@pytest.mark.parametrize(
    ("number", "change", "what"),
    [
        (1, replacing(b"\xe6\x8a\xa5", b"\xe6\x8a\xa6"), "block of urn:uuid:.* does not have its digest"),
        (1, replacing(b"HTTP/1.1 200", b"HTTP/1.1 404"), "block of urn:uuid:.* does not have its digest"),
        (
            1,
            replacing(b"WARC-Payload-Digest: sha1:", b"WARC-Payload-Digest: sha1:A"),
            "payload of urn:uuid:.* not have",
        ),
        (1, replacing(b"WARC-Date: 2026", b"WARC-Date: XXXX"), "WARC-Date is no instant"),
        (1, replacing(b"WARC-Record-ID", b"WARC-Another-ID"), "without WARC-Record-ID"),
        (1, replacing(b"WARC-Target-URI", b"WARC-Another-URI"), "response without WARC-Target-URI"),
        (1, replacing(b"Content-Length: ", b"Content-Length: 1"), "hold no whole record"),
        (1, lambda plain: plain[:-4], "hold no whole record"),
        (2, replacing(b"Concurrent-To: <urn:uuid:", b"Concurrent-To: <urn:uuid:0"), "whose answer urn:uuid:0"),
        (2, replacing(b"GET /art", b"PUT /art"), "block of urn:uuid:.* does not have its digest"),
    ],
)
def test_what_was_changed_after_writing_is_found(
    tmp_path: Path, number: int, change: Callable[[bytes], bytes], what: str
) -> None:
    written(tmp_path, exchange(1), exchange(2))
    path = only(tmp_path)
    offset = rewritten(path, number, change)
    faults = [fault for fault in check_file(path).faults if fault.offset == offset]
    assert any(re.search(what, fault.what) for fault in faults), faults


def test_a_renamed_file_is_told_its_name(tmp_path: Path) -> None:
    written(tmp_path, exchange())
    path = only(tmp_path)
    moved = path.rename(tmp_path / "other.warc.gz")
    (fault,) = check_file(moved).faults
    assert fault.what == f"the file was written as {path.name}"
    assert "rename it" in fault.advice


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_closed_file_that_was_cut_short_is_damaged(tmp_path: Path, cut: int) -> None:
    written(tmp_path, exchange(1), exchange(2))
    path = only(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    (fault,) = check_file(path).faults
    assert "the file ends inside the record" in fault.what


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").touch()
    (fault,) = check_file(tmp_path / "a.warc.gz").faults
    assert fault.what == "the file is empty"


def test_the_end_of_a_file_that_is_being_written_is_no_damage(tmp_path: Path) -> None:
    with Archive(tmp_path, run_id="run-1") as archive:
        archive.write(exchange())
        checked = check_file(only(tmp_path))
        assert (checked.state, checked.faults, checked.file.records) == ("being written", (), 3)
        assert check_file(only(tmp_path)).faults == ()  # looking did not take the lock away
        archive.write(exchange(2))


def test_a_torn_end_that_a_killed_run_left_is_told_apart_from_damage(tmp_path: Path) -> None:
    positions = written(tmp_path, exchange(1), exchange(2))
    closed = only(tmp_path)
    path = closed.rename(closed.with_name(f"{closed.name}.open"))
    size = positions[1].offset + 20
    path.write_bytes(path.read_bytes()[:size])
    checked = check_file(path)
    assert (checked.state, checked.faults) == ("left open", ())
    assert checked.torn == f"20 bytes at {positions[1].offset} are a torn last record"


def test_a_revisit_whose_payload_is_gone_or_another_is_named(tmp_path: Path) -> None:
    first, second = written(tmp_path, exchange(1), exchange(2, b"another page"))
    with Archive(tmp_path, run_id="run-2") as archive:
        position = archive.write(not_modified(at=NOON + timedelta(days=1)), known=known(first))
    path = tmp_path / position.warc_file
    assert check_file(path).faults == ()
    original = tmp_path / first.warc_file
    data = original.read_bytes()

    broken = bytearray(data)
    broken[first.offset + 60] ^= 0xFF
    original.write_bytes(broken)
    (fault,) = check_file(path).faults
    assert "its payload cannot be had" in fault.what

    original.write_bytes(data[: first.offset] + data[second.offset :])  # another response where ours was
    (fault,) = check_file(path).faults
    assert f"is {second.record_id}" in fault.what

    original.unlink()
    (fault,) = check_file(path).faults
    assert f"{original.name} is not there" in fault.what
    assert fault.advice == "put the file that it names back"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # warcio leaves a spool file open
def test_a_file_of_other_software_is_read_and_checked(tmp_path: Path) -> None:
    """Harvests by others can be put beside ours: warcio's digests, its names of fields, no host group."""
    path = tmp_path / "heritrix-like.warc.gz"
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True, warc_version="WARC/1.1")
        writer.write_record(
            writer.create_warcinfo_record(path.name, {"software": "another/1.0", "isPartOf": "crawl-7"})
        )
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.0")
        writer.write_record(
            writer.create_warc_record("http://www.demo.test/", "response", io.BytesIO(b"page"), http_headers=headers)
        )
    checked = check_file(path)
    assert checked.faults == ()
    rows = scan_records(path)
    assert (rows.file.run_id, rows.file.host_group) == ("crawl-7", None)
    assert [(row.type, row.status, row.content_type) for row in rows.records][1] == ("response", 200, "text/html")


@pytest.mark.parametrize("lost", [b"WARC-Target-URI: ", b"WARC-Date: "])
def test_a_record_that_does_not_say_of_what_it_is_hides_no_other(tmp_path: Path, lost: bytes) -> None:
    with Archive(tmp_path, run_id="run") as archive:
        first, second = archive.write(exchange(1)), archive.write(exchange(2))
    path = only(tmp_path)
    rewritten(path, 1, lambda plain: re.sub(rb"\r\n" + lost + rb"[^\r]*", b"", plain, count=1))
    (entry,) = scan_file(path)
    assert entry.record_id == second.record_id
    with pytest.raises(CaptureNotFoundError, match=r"WARC-Target-URI.*archive verify"):
        read_capture(tmp_path, first.warc_file, first.offset)


@pytest.mark.parametrize(
    ("stated", "holds"),
    [
        ("sha1:6VZNHFX25EQGMKDRJ6ZM4AHXF2KPEJMP", True),
        ("SHA-1:6vznhfx25eqgmkdrj6zm4ahxf2kpejmp", True),
        ("md5:b1946ac92492d2347c6235b4d2611184", True),
        ("sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", True),
        ("sha1:AAAAHFX25EQGMKDRJ6ZM4AHXF2KPEJMP", False),
        ("sha256:5891", False),
        ("xxh3:0011223344556677", None),
        ("nonsense", None),
    ],
)
def test_digests_are_compared_whatever_their_base(stated: str, holds: bool | None) -> None:
    assert warc.digest_holds(stated, b"hello\n") is holds
