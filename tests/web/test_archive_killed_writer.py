"""``kill -9`` of a process that writes to the archive, at any moment: nothing that was reported written is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scrapers.web.archive_check import check_file
from scrapers.web.capture_index import CaptureIndex, read_capture
from scrapers.web.recovery import recover
from tests.web.archived import passes_warcio_check

_WRITER = """
import os, pathlib, sys, threading
sys.path.insert(0, sys.argv[2])
from tests.web.archived import exchange
from scrapers.web.archive import Archive
archive = Archive(pathlib.Path(sys.argv[1]), run_id="killed", max_bytes=400_000)

def crawl(host):
    n = 0
    while True:
        body = os.urandom(20_000 + n % 7 * 10_000)
        at = archive.write(exchange(n, url=f"http://{host}/{n}", body=body), group=host)
        os.write(1, f"{host} {n} {len(body)} {at.warc_file} {at.offset} {at.record_id}\\n".encode())
        n += 1

for host in ("a.test", "b.test", "c.test"):
    threading.Thread(target=crawl, args=(host,)).start()
"""


@pytest.mark.parametrize("round_", range(6))
def test_every_capture_that_was_reported_is_read_back_after_a_kill_at_a_random_moment(
    tmp_path: Path, round_: int
) -> None:
    moment = random.Random(round_).uniform(0.05, 0.6)
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), root], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = b"".join(process.stdout.readline() for _ in range(6))  # from here on, however slow the machine
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        lines = (first + process.stdout.read()).decode().splitlines()
    reported = [line.split(" ") for line in lines if line.count(" ") == 5]
    assert len(reported) > 5
    left_open = list(tmp_path.glob("*.open"))
    before = {path.name: path.read_bytes() for path in left_open}

    recovered = {file.warc_file: file for file in recover(tmp_path)}

    assert list(tmp_path.glob("*.open")) == []
    for name, data in before.items():
        file = recovered[name.removesuffix(".open")]
        assert file.damage is None
        final = tmp_path / file.warc_file
        kept = final.read_bytes() if final.exists() else b""
        aside = (tmp_path / file.set_aside).read_bytes() if file.set_aside else b""
        if final.exists():
            assert kept + aside == data  # not a byte is lost
    for path in tmp_path.glob("*.warc.gz"):
        assert passes_warcio_check(path)
        assert check_file(path).faults == ()
    for host, n, length, warc_file, offset, record_id in reported:
        kept_page = read_capture(tmp_path, warc_file, int(offset))
        assert (kept_page.url, kept_page.record_id) == (f"http://{host}/{n}", record_id)
        assert len(kept_page.body) == int(length)
    assert len(CaptureIndex(tmp_path)) >= len(reported)
