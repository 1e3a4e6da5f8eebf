"""Processes that answer queries, so many at once. One that overstays or breaks is killed and replaced.

DuckDB can be asked to stop, and mostly does; but not within one long call of a scalar function, and an allocation
beyond what the process may have ends the process. So the bound that holds is that of the operating system, and what
it ends is one query.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import IO, Final

from warehouse.answers.bounded import Answered, AnswerFormat, BoundedReader, Bounds
from warehouse.errors import LimitError, WarehouseError

GRACE: Final = 3.0
"""Seconds that a query may take beyond its time before its process is killed."""
_REFRESH: Final = 0.5
"""Seconds between two looks of an idle worker at whether there is a newer copy."""
_LOOK: Final = 0.25
"""Seconds between two looks at whether the client is still there."""
_START_WITHIN: Final = 60.0
_OVERHEAD: Final = 1024 * 1024 * 1024
"""Bytes beyond DuckDB's own limit that a worker may allocate: Python, Arrow, stacks, and the rows being written."""
_NICENESS: Final = 5
"""Readers give way to a loader on the same machine."""


class BusyError(Exception):
    """All workers are taken, and so many queries wait already; the message says what to do."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class _Question:
    sql: str
    form: AnswerFormat
    most: int | None


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection


class Workers:
    """``count`` processes over one reader copy. Start and stop it, and ask, in one event loop."""

    def __init__(
        self,
        reader: Path,
        bounds: Bounds,
        *,
        count: int,
        waiting: int,
        trouble: Callable[[str], None],
        patience: float = 10.0,
    ) -> None:
        """``waiting`` queries may wait for a worker, each for ``patience`` seconds. ``trouble`` says what an operator
        should know."""
        self._trouble = trouble
        self._reader = reader
        self._bounds = bounds
        self._count = count
        self._waiting = waiting
        self._patience = patience
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._all: set[SpawnProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._queued = 0
        self._stopped = False

    async def start(self) -> None:
        """Start the processes and wait until one is ready."""
        for _ in range(self._count):
            self._replace()
        self._idle.put_nowait(await self._idle.get())

    async def stop(self) -> None:
        """End the processes."""
        self._stopped = True
        for task in self._starting:
            task.cancel()
        for process in self._all:
            process.kill()

    async def ask(
        self, sql: str, form: AnswerFormat, *, most: int | None, gone: Callable[[], Awaitable[bool]]
    ) -> tuple[IO[bytes], Answered]:
        """The answer as an open file, and what is known of it. The file has no name: nothing can be left behind.

        ``gone`` says whether the client has left; its query is then ended. Raises ``QueryError``, ``LimitError``,
        ``NoReaderError`` as ``BoundedReader.answer`` does, ``BusyError`` or ``ClientGoneError``.
        """
        worker = await self._free_worker()
        unharmed = False
        try:
            with ExitStack() as kept:
                file = kept.enter_context(tempfile.TemporaryFile(prefix="nianbao-share-"))
                try:
                    worker.pipe.send(_Question(sql, form, most))
                    send_handle(worker.pipe, file.fileno(), worker.process.pid)
                    answer = await self._answer(worker, gone)
                except (EOFError, OSError):
                    raise LimitError(
                        f"the query ended its process, most likely because it needed more memory than the "
                        f"{(self._bounds.memory_bytes + _OVERHEAD) // 1024**2:,} MiB it may have: ask for less"
                    ) from None
                unharmed = True
                if isinstance(answer, WarehouseError):
                    raise answer
                file.seek(0)
                kept.pop_all()  # the answer is the caller's to close
                return file, answer
        finally:
            if unharmed:
                self._idle.put_nowait(worker)
            else:
                self._end(worker)
                self._replace()

    async def _free_worker(self) -> _Worker:
        if self._idle.empty() and self._queued >= self._waiting:
            raise BusyError(
                f"{self._count} queries run and {self._queued} wait, which is all this server takes: try again soon"
            )
        self._queued += 1
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    worker = await self._idle.get()
                    if worker.process.is_alive():
                        return worker
                    self._end(worker)
                    self._replace()
        except TimeoutError:
            raise BusyError(
                f"no worker became free within {self._patience:g} s: {self._count} queries run at a time; try again "
                "soon"
            ) from None
        finally:
            self._queued -= 1

    async def _answer(self, worker: _Worker, gone: Callable[[], Awaitable[bool]]) -> Answered | WarehouseError:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._bounds.seconds + GRACE
        readable = asyncio.Event()
        loop.add_reader(worker.pipe.fileno(), readable.set)
        try:
            while not readable.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK):
                        await readable.wait()
                    break
                if loop.time() > deadline:
                    raise LimitError(f"stopped after {self._bounds.seconds:g} s: ask for less (where, limit)")
                if await gone():
                    raise ClientGoneError
        finally:
            loop.remove_reader(worker.pipe.fileno())
        answer: Answered | WarehouseError = worker.pipe.recv()
        return answer

    def _replace(self) -> None:
        if not self._stopped:
            task = asyncio.ensure_future(self._start_one())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start_one(self) -> None:
        pause = 1.0
        while True:
            worker = await asyncio.to_thread(self._spawn)
            ready = await asyncio.to_thread(worker.pipe.poll, _START_WITHIN)
            if ready:
                with suppress(EOFError, OSError):
                    worker.pipe.recv()
                    self._idle.put_nowait(worker)
                    return
            self._end(worker)
            self._trouble(f"a worker did not start; the next try follows in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(60.0, pause * 2)

    def _spawn(self) -> _Worker:
        # spawn, not fork: the server has threads, and a worker must not inherit its sockets.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._reader, self._bounds), daemon=True)
        process.start()
        theirs.close()
        self._all.add(process)
        return _Worker(process, ours)

    def _end(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.pipe.close()
        self._all.discard(worker.process)


def _work(pipe: Connection, reader: Path, bounds: Bounds) -> None:
    """The worker: answer question after question until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its workers
    _bind_process(bounds)
    threading.Thread(target=_end_with_server, args=(os.getppid(),), daemon=True).start()
    answering = BoundedReader(reader, bounds)
    pipe.send("ready")
    with suppress(EOFError, OSError):
        while True:
            with suppress(WarehouseError):  # whoever asks next is told
                answering.prepare()
            if not pipe.poll(_REFRESH):
                continue
            question: _Question = pipe.recv()
            try:
                with os.fdopen(recv_handle(pipe), "wb") as file:
                    answer: Answered | WarehouseError = answering.answer(
                        question.sql, question.form, file, most=question.most
                    )
            except WarehouseError as error:
                answer = error
            except MemoryError:
                answer = LimitError("the answer does not fit in memory: ask for fewer rows or columns")
            pipe.send(answer)


def _end_with_server(server: int) -> None:
    """End this process when the server has ended without a word (kill -9), also in the midst of a query."""
    while os.getppid() == server:
        time.sleep(_REFRESH)
    os._exit(1)


def _bind_process(bounds: Bounds) -> None:
    os.nice(_NICENESS)
    most = bounds.memory_bytes + _OVERHEAD
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # macOS accepts it, and does not hold to it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Where memory runs out all the same, the kernel takes a query, not the loader.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")
