"""A real disk that is full, or may only be read: what was written is whole, and the error says what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scrapers.web.archive import Archive, ArchiveError, ArchiveFull, Position
from scrapers.web.archive_check import check_file
from scrapers.web.capture_index import read_capture
from scrapers.web.recovery import recover
from tests.web.archived import exchange, noise


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_keeps_every_capture_that_was_reported(tmp_path: Path) -> None:
    with mounted(tmp_path / "archive", "size=512k") as folder:
        archive = Archive(folder, run_id="run-1")
        kept: list[tuple[int, Position]] = []

        def fill() -> None:
            for n in range(100):
                kept.append((n, archive.write(exchange(n, body=noise(20_000)), group=f"host{n % 3}.test")))

        with pytest.raises(ArchiveFull, match=r"cannot write: No space left on device\. Free space or move"):
            fill()
        assert len(kept) > 10
        for n, position in kept:
            assert read_capture(folder, position.warc_file, position.offset).url == exchange(n).url
        subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)  # somebody freed space
        archive.close()
        assert recover(folder) == ()
        assert [check_file(path).faults for path in folder.glob("*.warc.gz")] == [(), (), ()]


def test_a_torn_end_that_cannot_be_set_aside_is_not_cut(tmp_path: Path) -> None:
    with mounted(tmp_path / "archive", "size=512k") as folder:
        with Archive(folder, run_id="run-1") as archive:
            position = archive.write(exchange(1))
            archive.write(exchange(2, body=noise(200_000)))
        path = folder / position.warc_file
        left = path.rename(folder / f"{position.warc_file}.open")
        torn = left.read_bytes()[:-1000]
        left.write_bytes(torn)
        (folder / "other").write_bytes(noise(500_000 - len(torn)))
        with pytest.raises(ArchiveFull, match=r"\.open: cannot recover: No space left on device"):
            recover(folder)
        assert left.read_bytes() == torn
        assert list(folder.glob("*.part")) == []
        (folder / "other").unlink()
        (recovered,) = recover(folder)
        assert recovered.set_aside is not None
        assert path.read_bytes() + (folder / recovered.set_aside).read_bytes() == torn


def test_a_folder_that_may_only_be_read_is_named(tmp_path: Path) -> None:
    with mounted(tmp_path / "archive", "size=512k") as folder:
        archive = Archive(folder, run_id="run-1")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(ArchiveError, match=r"cannot create: Read-only file system\. Check that the folder exists"):
            archive.write(exchange())
        archive.close()
