"""The place that several machines share without sharing a file system: an S3-compatible bucket, or a mounted folder.

==========================  =================================================================================
``landing/``                what crawling machines handed over: WARC files, their indexes, batches, runs
``archive/``                WARC files and indexes that the loader has
``loaded/``, ``rejected/``  batches that the loader has loaded, or could not read
``runs/``                   runs that it has recorded, as JSON
``nianbao.duckdb``          its reader copy
``loader.json``             which machine the loader is
==========================  =================================================================================

A name appears whole or not at all: an object of a bucket by its nature, a file by a rename. What is put is told from
what is not by name and size alone; that a batch arrives as it was is seen by the digest in its name.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapers.errors import ForeseenError

LANDING, ARCHIVE, LOADED, REJECTED, RUNS = "landing", "archive", "loaded", "rejected", "runs"
READER_COPY = "nianbao.duckdb"
LOADER = "loader.json"


class SharedStoreError(ForeseenError):
    """The shared store does not answer, or not as it should; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the store."""

    name: str
    """Without its folder."""
    size: int
    """Bytes."""
    modified: datetime
    version: str
    """Differs when the content does."""


class SharedStore:
    """The store at ``url``: ``s3://bucket/prefix`` or ``file:///mnt/share/folder``. Safe for threads.

    S3's address and keys come as every client of it takes them: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_DEFAULT_REGION``, or a role of the machine. Every method raises
    :class:`SharedStoreError`.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # takes half a second, which no other command should wait for

        self.url = url.rstrip("/")
        with self._asking("open"):
            options: dict[str, Any] = {}
            if not url.startswith("file:"):
                # Named although the client finds it itself: fsspec keeps one client for each set of options.
                endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
                options = {"use_listings_cache": False, "endpoint_url": endpoint}
            self._fs, self._root = fsspec.core.url_to_fs(self.url, **options)
        self._local = url.startswith("file:")
        if self._local and not Path(self._root).is_dir():
            # A share that is not mounted is an empty folder or none; made here, it would fill the machine's own disk.
            raise SharedStoreError(f"{self.url} is no folder: mount it, or make it, then try again")

    def list(self, folder: str) -> tuple[Stored, ...]:
        """What lies in a folder, by age, then name; nothing where there is no such folder."""
        with self._asking(f"list {folder}"):
            try:
                found = self._fs.ls(f"{self._root}/{folder}", detail=True, refresh=True)
            except FileNotFoundError:
                return ()
        files = [_stored(info) for info in found if info["type"] == "file"]
        return tuple(sorted((f for f in files if not _is_unfinished(f.name)), key=lambda f: (f.modified, f.name)))

    def find(self, key: str) -> Stored | None:
        """The file at ``key``, a path below the store's root; ``None`` where there is none."""
        with self._asking(f"look at {key}"):
            try:
                return _stored(self._fs.info(f"{self._root}/{key}", refresh=True))
            except FileNotFoundError:
                return None

    def put(self, path: Path, key: str) -> None:
        """Make the file at ``key`` the same as ``path``."""
        with self._asking(f"write {key}"):
            if not self._local:
                self._fs.put_file(str(path), f"{self._root}/{key}")
                return
            target = Path(self._root, key)
            target.parent.mkdir(exist_ok=True)
            with _whole(target) as unfinished:
                self._fs.put_file(str(path), str(unfinished))

    def get(self, key: str, path: Path) -> None:
        """Make the file at ``path`` the same as ``key``: whole and synced, or not at all."""
        with self._asking(f"read {key}"), _whole(path) as unfinished:
            self._fs.get_file(f"{self._root}/{key}", str(unfinished))

    def read(self, key: str) -> str | None:
        """A small text; ``None`` where there is none."""
        with self._asking(f"read {key}"):
            try:
                return bytes(self._fs.cat_file(f"{self._root}/{key}")).decode()
            except FileNotFoundError:
                return None

    def write(self, key: str, text: str) -> None:
        """A small text, in one piece."""
        with self._asking(f"write {key}"):
            if self._local:
                with _whole(Path(self._root, key)) as unfinished:
                    unfinished.write_bytes(text.encode())
            else:
                self._fs.pipe_file(f"{self._root}/{key}", text.encode())

    def move(self, key: str, folder: str) -> None:
        """Give a file to another folder. Killed between the two steps that a bucket needs, it is in both."""
        name = key.rpartition("/")[2]
        with self._asking(f"move {key}"):
            if self._local:
                Path(self._root, folder).mkdir(exist_ok=True)
                Path(self._root, key).replace(Path(self._root, folder, name))
            else:
                self._fs.cp_file(f"{self._root}/{key}", f"{self._root}/{folder}/{name}")
                self._fs.rm_file(f"{self._root}/{key}")

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise SharedStoreError(f"{self.url}: cannot {what}: {str(error) or 'it is not there'}") from error
        except ImportError as error:
            raise SharedStoreError(f"{self.url}: {error}. For a bucket: pip install 'nianbao[s3]'") from error
        except Exception as error:  # every client of a store has errors of its own
            raise SharedStoreError(
                f"{self.url}: cannot {what}: {error or type(error).__name__}. Nothing is lost: the next try goes on; "
                "nianbao doctor says whether the store answers"
            ) from error


def _stored(info: dict[str, Any]) -> Stored:
    modified = info.get("LastModified")
    if modified is None:
        modified = datetime.fromtimestamp(info["mtime"], UTC)
    version = info.get("ETag") or f"{info['ino']}-{info['mtime']}-{info['size']}"
    return Stored(str(info["name"]).rpartition("/")[2], int(info["size"]), modified, str(version))


def _is_unfinished(name: str) -> bool:
    return name.startswith(".")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file to be written inside the block, which then takes the place of ``path``, synced and in one step."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
