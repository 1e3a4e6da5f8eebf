"""An unchanged page is not stored twice: a revisit refers to the response that holds it, and reads back like it."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from scrapers.records import Place
from scrapers.web import warc
from scrapers.web.archive import Archive, Position
from scrapers.web.capture_index import CaptureIndex, CaptureNotFoundError, read_capture
from tests.web.archived import NOON, exchange, known, not_modified, passes_warcio_check, written

LATER = NOON + timedelta(days=30)
PAGE = "<p>2025年法治政府建设年度报告</p>".encode() * 200


def fields(folder: Path, position: Position) -> dict[str, str]:
    """The record at a position as warcio reads it; ``body`` is its HTTP body, ``status`` its HTTP status."""
    with (folder / position.warc_file).open("rb") as stream:
        stream.seek(position.offset)
        record = next(iter(ArchiveIterator(stream)))
        return {
            **{name.lower(): value for name, value in record.rec_headers.headers},
            "status": record.http_headers.get_statuscode(),
            "body": record.content_stream().read().decode(),
        }


def test_an_unchanged_payload_is_a_revisit_with_its_own_headers(tmp_path: Path) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE))
    with Archive(tmp_path, run_id="run-2") as archive:
        again = exchange(body=PAGE, at=LATER, headers=(("Content-Type", "text/html"), ("Date", "today")))
        second = archive.write(again, known=known(first, etag=None))
    record = fields(tmp_path, second)
    original = fields(tmp_path, first)
    assert record["warc-type"] == "revisit"
    assert record["warc-profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert record["warc-refers-to"] == f"<{first.record_id}>" == original["warc-record-id"]
    assert record["warc-refers-to-target-uri"] == original["warc-target-uri"]
    assert record["warc-refers-to-date"] == original["warc-date"]
    assert record["warc-payload-digest"] == original["warc-payload-digest"]
    assert record["warc-truncated"] == "length"
    assert (record["status"], record["body"]) == ("200", "")
    kept = read_capture(tmp_path, second.warc_file, second.offset)
    assert (kept.body, kept.at, kept.record_id, kept.truncated) == (PAGE, LATER, second.record_id, None)
    assert kept.headers == again.headers
    assert kept.revisit_of is not None
    assert kept.revisit_of.record_id == first.record_id
    assert passes_warcio_check(tmp_path / second.warc_file)


def test_a_304_is_a_revisit_that_reads_back_as_the_page(tmp_path: Path) -> None:
    packed = gzip.compress(PAGE)
    coded = exchange(body=packed, headers=(("Content-Type", "text/html"), ("Content-Encoding", "gzip")))
    (first,) = written(tmp_path, coded)
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(not_modified(at=LATER), known=known(first))
    record = fields(tmp_path, second)
    assert record["warc-profile"] == "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    assert (record["status"], record["warc-refers-to"]) == ("304", f"<{first.record_id}>")
    assert "warc-truncated" not in record
    kept = read_capture(tmp_path, second.warc_file, second.offset)
    assert (kept.status, kept.body, kept.payload(), kept.at) == (200, packed, PAGE, LATER)


def test_a_changed_page_is_stored_whole(tmp_path: Path) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE))
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(exchange(body=PAGE + b"<!-- visits: 12 -->", at=LATER), known=known(first))
    assert fields(tmp_path, second)["warc-type"] == "response"


def test_the_same_page_in_another_coding_is_stored_whole(tmp_path: Path) -> None:
    """Its headers would not fit the bytes that are held."""
    (first,) = written(tmp_path, exchange(body=PAGE))
    coded = exchange(body=gzip.compress(PAGE), at=LATER, headers=(("Content-Encoding", "gzip"),))
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(coded, known=known(first))
    assert fields(tmp_path, second)["warc-type"] == "response"
    assert read_capture(tmp_path, second.warc_file, second.offset).payload() == PAGE


def test_a_revisit_refers_to_the_response_and_not_to_another_revisit(tmp_path: Path) -> None:
    (position,) = (first,) = written(tmp_path, exchange(body=PAGE))
    for number in range(2, 6):
        with Archive(tmp_path, run_id=f"run-{number}") as archive:
            unchanged = not_modified if number % 2 else exchange
            page = unchanged(at=LATER) if number % 2 else exchange(body=PAGE, at=LATER)
            position = archive.write(page, known=known(position))
        assert fields(tmp_path, position)["warc-refers-to"] == f"<{first.record_id}>"
        assert read_capture(tmp_path, position.warc_file, position.offset).body == PAGE


def test_a_list_is_known_by_its_payload_whatever_it_was_asked_for(tmp_path: Path) -> None:
    """The pages of many a list have one address and differ in the form that is posted."""
    pages = [b"<li>2025</li>" * 50, b"<li>2024</li>" * 50]
    first, second = written(tmp_path, *(exchange(body=page, method="POST") for page in pages))
    earlier = {
        warc.digest(page): Place(at.warc_file, at.offset) for page, at in zip(pages, (first, second), strict=True)
    }
    with Archive(tmp_path, run_id="run-2", earlier=earlier) as archive:
        again = [archive.write(exchange(body=page, at=LATER, method="POST")) for page in pages]
        other = archive.write(exchange(body=PAGE, at=LATER))
        refused = archive.write(exchange(body=pages[0], at=LATER, status=403))
        nothing_asked = archive.write(not_modified(at=LATER))
    assert [fields(tmp_path, at)["warc-refers-to"] for at in again] == [f"<{first.record_id}>", f"<{second.record_id}>"]
    assert [read_capture(tmp_path, at.warc_file, at.offset).body for at in again] == pages
    assert {fields(tmp_path, at)["warc-type"] for at in (other, refused, nothing_asked)} == {"response"}


@pytest.mark.parametrize("loss", ["removed", "damaged", "elsewhere"])
def test_an_earlier_response_that_cannot_be_read_is_not_referred_to(tmp_path: Path, loss: str) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE))
    path = tmp_path / first.warc_file
    held = known(first)
    if loss == "removed":
        path.rename(tmp_path / "away")
    elif loss == "damaged":
        broken = bytearray(path.read_bytes())
        broken[first.offset + 60] ^= 0xFF
        path.write_bytes(broken)
    else:
        held = known(Position(first.warc_file, 0, first.record_id))
    with Archive(tmp_path, run_id="run-2") as archive:
        whole = archive.write(exchange(body=PAGE, at=LATER), known=held)
        answered = archive.write(not_modified(at=LATER), known=held)
    assert fields(tmp_path, whole)["warc-type"] == "response"
    assert fields(tmp_path, answered)["warc-type"] == "response"
    assert read_capture(tmp_path, whole.warc_file, whole.offset).body == PAGE


def test_a_304_that_nobody_asked_for_stands_for_no_page(tmp_path: Path) -> None:
    """Without a validator nothing was compared: such an answer says nothing of what is held."""
    (first,) = written(tmp_path, exchange(body=PAGE))
    with Archive(tmp_path, run_id="run-2") as archive:
        unasked = archive.write(not_modified(at=LATER), known=known(first, etag=None))
    assert fields(tmp_path, unasked)["warc-type"] == "response"
    assert read_capture(tmp_path, unasked.warc_file, unasked.offset).body == b""


def test_a_response_that_ended_early_is_never_taken_for_the_page(tmp_path: Path) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE, truncated="disconnect"))
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(exchange(body=PAGE, at=LATER), known=known(first))
    with Archive(tmp_path, run_id="run-3") as archive:
        third = archive.write(exchange(body=PAGE, at=LATER, truncated="time"), known=known(second))
    assert fields(tmp_path, second)["warc-type"] == "response"
    assert fields(tmp_path, third)["warc-type"] == "response"


def test_a_revisit_whose_payload_is_lost_says_which_file_it_needs(tmp_path: Path) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE))
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(not_modified(at=LATER), known=known(first))
    (tmp_path / first.warc_file).unlink()
    with pytest.raises(CaptureNotFoundError, match=f"payload is lost: .*{first.warc_file} is not there"):
        read_capture(tmp_path, second.warc_file, second.offset)


def test_the_index_marks_revisits_and_finds_them_by_time(tmp_path: Path) -> None:
    (first,) = written(tmp_path, exchange(body=PAGE))
    with Archive(tmp_path, run_id="run-2") as archive:
        second = archive.write(not_modified(at=LATER), known=known(first))
    index = CaptureIndex(tmp_path)
    newest, oldest = index.find(exchange().url), index.find(exchange().url, NOON)
    assert newest is not None
    assert oldest is not None
    assert (newest.revisit, newest.record_id) == (True, second.record_id)
    assert (oldest.revisit, oldest.record_id) == (False, first.record_id)
    assert index.by_id(second.record_id) == newest
    assert index.read(newest).body == index.read(oldest).body == PAGE
    (line,) = (tmp_path / second.warc_file).with_suffix("").with_suffix(".cdxj").read_text("utf-8").splitlines()
    assert '"mime": "warc/revisit"' in line
