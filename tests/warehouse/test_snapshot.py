"""A copy costs what changed, and is the original whatever lay in its place."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.storage.snapshot import BLOCK, HEADERS, replace_by_snapshot

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whether a file is open anywhere")
BLOCKS = 40


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "original"
    path.write_bytes(os.urandom(HEADERS + BLOCKS * BLOCK))
    return path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "readers" / "copy"


def change(path: Path, *blocks: int) -> None:
    with path.open("rb+") as file:
        for block in blocks:
            file.seek(HEADERS + block * BLOCK + 1000)
            file.write(os.urandom(8))


@ON_LINUX
def test_from_the_third_copy_on_only_changed_blocks_are_written(original: Path, copy: Path) -> None:
    copy.parent.mkdir()
    for _ in range(2):
        assert replace_by_snapshot(original, copy).written == original.stat().st_size
    change(original, 3, 17)
    # The spare is of before the last copy, so what changed since then counts too.
    assert replace_by_snapshot(original, copy).written == 2 * BLOCK
    change(original, 21)
    assert replace_by_snapshot(original, copy).written == 3 * BLOCK
    assert replace_by_snapshot(original, copy).written == BLOCK
    assert copy.read_bytes() == original.read_bytes()


def test_a_copy_that_somebody_has_open_stays_as_it_was(original: Path, copy: Path) -> None:
    copy.parent.mkdir()
    replace_by_snapshot(original, copy)
    before = copy.read_bytes()
    reading = subprocess.Popen(
        [sys.executable, "-c", "import sys; f = open(sys.argv[1], 'rb'); print('open', flush=True);"
         "input(); sys.stdout.buffer.write(f.read())", copy],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert reading.stdout is not None
    assert reading.stdout.readline() == b"open\n"
    for block in range(5):
        change(original, block)
        replace_by_snapshot(original, copy)
    content, _ = reading.communicate(b"\n", timeout=30)
    assert content == before
    assert copy.read_bytes() == original.read_bytes()


def test_a_copy_can_be_read_by_all_and_written_by_none(original: Path, copy: Path) -> None:
    copy.parent.mkdir()
    for _ in range(3):
        change(original, 1)
        replace_by_snapshot(original, copy)
        assert stat.S_IMODE(copy.stat().st_mode) == 0o444


def test_a_shorter_original_makes_a_shorter_copy(original: Path, copy: Path) -> None:
    copy.parent.mkdir()
    for blocks in (BLOCKS, BLOCKS, 5, 7):
        os.truncate(original, HEADERS + blocks * BLOCK)
        assert replace_by_snapshot(original, copy).size == HEADERS + blocks * BLOCK
        assert copy.read_bytes() == original.read_bytes()


def test_what_a_killed_process_left_is_cleared_away(original: Path, copy: Path) -> None:
    copy.parent.mkdir()
    left_behind = copy.with_name(f".{copy.name}.1.tmp")
    left_behind.write_bytes(b"half")
    replace_by_snapshot(original, copy)
    assert not left_behind.exists()


@settings(max_examples=50, deadline=None)
@given(original=st.binary(max_size=3000), spare=st.binary(max_size=3000), shown=st.binary(max_size=3000))
def test_whatever_the_spare_holds_the_copy_is_the_original(
    tmp_path_factory: pytest.TempPathFactory, original: bytes, spare: bytes, shown: bytes
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    (folder / "original").write_bytes(original * 200)
    (folder / "copy").write_bytes(shown * 200)
    (folder / ".copy.spare").write_bytes(spare * 200)
    replace_by_snapshot(folder / "original", folder / "copy")
    assert (folder / "copy").read_bytes() == original * 200
