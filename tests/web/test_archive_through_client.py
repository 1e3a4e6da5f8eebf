"""What the client leaves in the archive of what it did: whose file, from which address, unchanged, unanswered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from scrapers.records import KnownPage, Outcome, Place, Request, State
from scrapers.web.archive import Archive
from scrapers.web.archive_check import check_file
from scrapers.web.archive_scan import scan_records
from scrapers.web.capture_index import read_capture
from scrapers.web.client import Client
from tests.web.loopback_site import Seen, Site, response

HOSTS = ("127.0.0.1", "elsewhere.test")


def test_an_unchanged_page_is_kept_as_a_revisit_of_what_the_ledger_names(
    site: Site, client: Client, archive: Archive
) -> None:
    def answer(seen: Seen) -> bytes:
        if seen.headers.get("if-none-match") == '"v1"':
            return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"
        return response(ETag='"v1"')

    site.answers["/a/1.html"] = answer
    url = site.url("/a/1.html")
    first = client.fetch(Request(url), hosts=HOSTS)
    assert first.capture.warc_file is not None
    assert first.capture.warc_offset is not None
    known = KnownPage(
        url,
        State.ACCEPTED,
        first.capture.etag,
        digest=first.capture.digest,
        archived=Place(first.capture.warc_file, first.capture.warc_offset),
    )
    second = client.fetch(Request(url), hosts=HOSTS, known=known)
    assert second.capture.outcome is Outcome.NOT_MODIFIED
    assert second.capture.warc_file is not None
    kept = read_capture(archive.directory, second.capture.warc_file, second.capture.warc_offset or 0)
    assert kept.revisit_of is not None
    assert kept.revisit_of.record_id == first.capture.capture_id
    assert (kept.body, kept.record_id, kept.ip) == (first.body, second.capture.capture_id, "127.0.0.1")
    archive.close()
    (path,) = archive.directory.glob("*.warc.gz")
    assert check_file(path).faults == ()
    assert scan_records(path).file.host_group == "127.0.0.1"


def test_a_page_that_the_archive_has_lost_is_asked_for_whole(site: Site, client: Client, archive: Archive) -> None:
    def answer(seen: Seen) -> bytes:
        if seen.headers.get("if-none-match") == '"v1"':
            return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"
        return response(ETag='"v1"')

    site.answers["/a/1.html"] = answer
    url = site.url("/a/1.html")
    lost = KnownPage(url, State.ACCEPTED, '"v1"', archived=Place("moved-away.warc.gz", 0))
    fetched = client.fetch(Request(url), hosts=HOSTS, known=lost)
    assert fetched.capture.outcome is Outcome.OK
    kept = read_capture(archive.directory, fetched.capture.warc_file or "", fetched.capture.warc_offset or 0)
    assert (kept.body, kept.revisit_of) == (fetched.body, None)


def test_a_fetch_without_an_answer_is_in_the_archive_too(
    site: Site, new_client: Callable[..., Client], archive: Archive
) -> None:
    site.answers["/a/1.html"] = lambda _: [b""]
    client = new_client(max_attempts=2, obey_robots=False)
    capture = client.fetch(Request(site.url("/a/1.html")), hosts=HOSTS).capture
    assert (capture.outcome, capture.warc_file) == (Outcome.CONNECTION, None)
    archive.close()
    (path,) = archive.directory.glob("*.warc.gz")
    told = [row for row in scan_records(path).records if row.type == "metadata"]
    assert len(told) == 2
    assert told[-1].record_id == capture.capture_id
    with path.open("rb") as stream:
        blocks = [record.content_stream().read() for record in ArchiveIterator(stream) if record.rec_type == "metadata"]
    assert blocks[0].startswith(b"outcome: connection\r\ndetail: ")


def test_behind_a_proxy_no_address_is_claimed(site: Site, new_client: Callable[..., Client], archive: Archive) -> None:
    client = new_client(proxy=site.url("/").rstrip("/"), obey_robots=False)
    capture = client.fetch(Request("http://www.demo.test/a/1.html"), hosts=("www.demo.test",)).capture
    assert capture.warc_file is not None
    assert read_capture(archive.directory, capture.warc_file, capture.warc_offset or 0).ip is None


def test_captures_of_a_source_lie_in_the_files_of_its_first_host(
    site: Site, client: Client, archive: Archive, tmp_path: Path
) -> None:
    one = client.fetch(Request(site.url("/a/1.html")), hosts=("elsewhere.test", "127.0.0.1")).capture
    two = client.fetch(Request(site.url("/a/1.html")), hosts=("127.0.0.1", "elsewhere.test")).capture
    archive.close()
    groups = {
        name: scan_records(archive.directory / str(name)).file.host_group for name in (one.warc_file, two.warc_file)
    }
    assert list(groups.values()) == ["elsewhere.test", "127.0.0.1"]
