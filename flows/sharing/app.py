"""The server: a query comes as text, its answer goes as CSV, JSON, Parquet or Arrow.

``POST /sql`` with the query as the body, or ``GET /sql?query=...``, for clients that can only open an address. Every
fault of a query is a 4xx with a sentence as its body. DuckDB's own HTTP client repeats a failed GET three times and
shows no body: the repetitions are answered without running the query, and ``GET /why`` tells the sentence.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Final, cast, get_args

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from flows.sharing.hint_header import HINT_HEADER, hint_header
from flows.sharing.tokens import TokenFileError, Tokens
from flows.sharing.workers import BusyError, ClientGoneError, Workers
from flows.terminal import say, shown, talk
from warehouse.answers.bounded import Answered, AnswerFormat
from warehouse.errors import LimitError, NoReaderError, QueryError, WarehouseError

MEDIA: Final[dict[AnswerFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
MOST_SQL: Final = 1024 * 1024
"""Bytes of a query."""
_CHUNK: Final = 256 * 1024
_LOGGED: Final = 200
"""Characters of a query in the log."""
_REPEATED_WITHIN: Final = 10.0
"""Seconds in which the same address is answered by the refusal it had: httpfs asks four times, whatever the status."""
_REFUSALS: Final = 1000
WELCOME: Final = """nianbao: SQL on the newest copy of the warehouse, read-only.
GET /sql?query=SELECT+...&format=csv|json|jsonl|parquet|arrow[&limit=N], or POST /sql?format=... with the query as the
body. .tables and .schema NAME are queries too. GET /why says why your last query was refused. docs/team_server.md shows
the use from each client.
"""


class _Refusals:
    """What was refused lately: to answer repetitions, and to say why."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, _Asked], tuple[float, int, str]] = {}
        self._last: dict[str, str] = {}

    def note(self, who: str, asked: _Asked, status: int, words: str) -> None:
        self._kept.pop((who, asked), None)
        self._kept[who, asked] = (time.monotonic(), status, words)
        if len(self._kept) > _REFUSALS:
            del self._kept[next(iter(self._kept))]
        self._last[who] = f"{words}\n\n{asked.sql}"

    def repeated(self, who: str, asked: _Asked) -> tuple[int, str] | None:
        noted, status, words = self._kept.get((who, asked), (-_REPEATED_WITHIN, 0, ""))
        return (status, words) if time.monotonic() - noted < _REPEATED_WITHIN else None

    def last(self, who: str) -> str:
        return self._last.get(who, "no query of yours was refused")


class _RefusedError(Exception):
    def __init__(self, status: int, words: str, **headers: str) -> None:
        super().__init__(words)
        self.response = _words(status, words, **headers)


@dataclass(frozen=True, slots=True)
class _Asked:
    sql: str
    form: AnswerFormat
    most: int | None


def sharing_app(workers: Workers, tokens: Tokens | None) -> Starlette:
    """The application over ``workers``; without ``tokens`` everybody may ask, by a loopback name only.

    (A page in a browser on this machine could have its own host name resolve to loopback and read answers.)
    """

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        await workers.start()
        try:
            yield
        finally:
            await workers.stop()

    refusals = _Refusals()

    async def sql(request: Request) -> Response:
        began = time.monotonic()
        who, asked = "-", None
        try:
            who = _who(request, tokens)
            if request.method == "HEAD":
                # Without a length: DuckDB's httpfs then fetches the whole in one request, and the query runs once.
                headers = Response(headers={"Cache-Control": "no-store"})
                del headers.headers["content-length"]
                return headers
            asked = await _asked(request)
            if request.method == "GET" and (repeated := refusals.repeated(who, asked)):
                return _words(*repeated)
            file, answered = await workers.ask(asked.sql, asked.form, most=asked.most, gone=request.is_disconnected)
            response: Response = _answer(file, answered, asked.form)
            outcome = f"{answered.rows} rows, {answered.size} bytes"
        except _RefusedError as refused:
            response, outcome = refused.response, str(refused)
        except (ClientGoneError, ClientDisconnect):
            response, outcome = Response(status_code=499), "the client has left; its query was ended"
        except (BusyError, WarehouseError) as error:
            status, outcome = _status(error)
            response = _words(status, outcome, **({"Retry-After": "2"} if status == 429 else {}))
            if asked is not None and status in (400, 422):
                refusals.note(who, asked, status, outcome)
        _log(who, response.status_code, time.monotonic() - began, outcome, asked)
        return response

    async def why(request: Request) -> Response:
        try:
            return _words(200, refusals.last(_who(request, tokens)))
        except _RefusedError as refused:
            return refused.response

    return Starlette(
        routes=[
            Route("/", lambda _: PlainTextResponse(WELCOME)),
            Route("/health", lambda _: PlainTextResponse("ok\n")),
            Route("/why", why),
            Route("/sql", sql, methods=["GET", "HEAD", "POST"]),
        ],
        middleware=[]
        if tokens is not None
        else [Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])],
        lifespan=running,
    )


def _words(status: int, words: str, **headers: str) -> Response:
    return PlainTextResponse(f"{words}\n", status, {"Cache-Control": "no-store"} | headers)


def _status(error: BusyError | WarehouseError) -> tuple[int, str]:
    """The status of an error, and the words for whoever asked."""
    if isinstance(error, BusyError):
        return 429, str(error)
    if isinstance(error, LimitError):
        return 422, str(error)
    if isinstance(error, QueryError):
        return 400, str(error)
    say("error", error)  # where things lie on the server is the operator's to know
    if isinstance(error, NoReaderError):
        return 503, "no copy of the warehouse has been published yet: ask whoever runs the server"
    return 503, "the copy of the warehouse cannot be opened: ask whoever runs the server"


def _who(request: Request, tokens: Tokens | None) -> str:
    """The name of whoever asks. A token comes as a bearer, or as the password of a basic login (Excel, curl -u)."""
    if tokens is None:
        return "-"
    try:
        tokens.refresh()
    except TokenFileError as error:
        say("error", error)
        raise _RefusedError(503, "the server's file of tokens cannot be read; its log says why") from None
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = _password(given.strip()) if scheme.lower() == "basic" else given.strip()
    name = tokens.name_of(token)
    if name is None:
        client = request.client.host if request.client else "unknown"
        raise _RefusedError(
            401,
            "a token is needed: Authorization: Bearer TOKEN, or a basic login with the token as its password"
            if not token
            else f"this token is not known here, and was sent from {client}",
            **{"WWW-Authenticate": 'Basic realm="nianbao", charset="UTF-8"'},
        )
    return name


def _password(login: str) -> str:
    """The password of a basic login (RFC 7617), empty where it is none."""
    try:
        return base64.b64decode(login, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _asked(request: Request) -> _Asked:
    given = request.query_params
    form = given.get("format", "csv")
    if form not in get_args(AnswerFormat):
        raise _RefusedError(400, f"{form!r} is no format: take one of {', '.join(get_args(AnswerFormat))}")
    most = given.get("limit")
    if most is not None and not (most.isascii() and most.isdigit() and len(most) < 10):
        raise _RefusedError(400, f"limit={most!r} is no number of rows")
    if request.method == "GET":
        sql = given.get("query", "")
    else:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_SQL:
                raise _RefusedError(413, f"a query has at most {MOST_SQL} bytes")
        try:
            sql = body.decode("utf-8")
        except UnicodeDecodeError:
            raise _RefusedError(400, "the query is no UTF-8 text") from None
    return _Asked(sql, cast(AnswerFormat, form), None if most is None else int(most))


def _answer(file: IO[bytes], answered: Answered, form: AnswerFormat) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        with file:
            while piece := await run_in_threadpool(file.read, _CHUNK):
                yield piece

    return StreamingResponse(
        pieces(),
        media_type=MEDIA[form],
        headers={
            "Content-Length": str(answered.size),
            "Cache-Control": "no-store",
            "Nianbao-Rows": str(answered.rows),
            "Nianbao-Cut": "yes" if answered.cut else "no",
            "Nianbao-Seconds": f"{answered.seconds:.3f}",
            "Nianbao-Published": answered.published.isoformat(),
        }
        | ({HINT_HEADER: hint_header(answered.hints)} if answered.hints else {}),
    )


def _log(who: str, status: int, seconds: float, outcome: str, asked: _Asked | None) -> None:
    sql = " ".join(asked.sql.split())[:_LOGGED] if asked is not None else ""
    said = shown(" ".join(outcome.split()))
    talk.print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {who} {status} {seconds:.2f} s: {said} | {shown(sql)}")
