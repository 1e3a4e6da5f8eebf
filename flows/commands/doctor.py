"""``nianbao doctor``: what is set and by whom, what is there, and what to do about what is not."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator

from flows.commands.corrections import correction_troubles
from flows.commands.lost_warehouse import nothing_to_rebuild, why_no_copy
from flows.runs.run_lock import any_alive
from flows.serving.prefect_server import served_at
from flows.settings import Settings, origins, unknown_variables
from flows.shared_store.handing_over import store_of
from flows.shared_store.store import LANDING, LOADER, READER_COPY, SharedStoreError
from flows.terminal import many, show_table, talk
from flows.upkeep.amendments import read_amendments
from scrapers.reading.attachments.programs import LOST_WITHOUT, find
from scrapers.reading.attachments.recognition import EngineMissingError, engine_version
from scrapers.sources.registry import SourceError, load_sources
from scrapers.web.pace import HostPace
from warehouse.batches.landing import HANDED_OVER, LOADED, REJECTED, batch_of, pending
from warehouse.errors import LostWarehouseError, NoReaderError, WarehouseError
from warehouse.query import run_sql
from warehouse.readers import require_warehouse

NEEDED_SPACE = 1024**3
"""Bytes that should be free where the data lies before a crawl is started."""

PUBLISHED_WITHIN = 600.0
"""Seconds after a load in which a run publishes it, readers that keep every core busy or not."""
FINE, TROUBLE = "ok", "trouble"


def doctor_command(settings: Settings) -> int:
    """Settings with their origins, then checks; exit code 1 where one of them found trouble."""
    found = origins()
    show_table(
        ("setting", "value", "from", "what it is"),
        (
            (name, getattr(settings, name), found[name], field.description or "")
            for name, field in Settings.model_fields.items()
        ),
    )
    checks = list(_checks(settings))
    show_table(("check", "state", "detail"), checks)
    trouble = [check for check in checks if check[1] == TROUBLE]
    if trouble:
        talk.print(f"{len(trouble)} of {len(checks)} checks found trouble; the detail says what to do.")
    return 1 if trouble else 0


def show_all_settings() -> None:
    """Every setting with its default: what there is to set, where what is set is wrong."""
    show_table(
        ("setting", "default", "what it is"),
        ((name, field.default, field.description or "") for name, field in Settings.model_fields.items()),
    )


def _checks(settings: Settings) -> Iterator[tuple[str, str, str]]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield ("Python", FINE, version)
    for package in ("prefect", "duckdb", "selectolax", "pyarrow", "jieba"):
        yield (package, FINE, importlib.metadata.version(package))
    try:
        yield ("rjieba", FINE, importlib.metadata.version("rjieba"))
    except importlib.metadata.PackageNotFoundError:
        yield (
            "rjieba",
            FINE,
            "not installed: words are cut by jieba, about 20 times slower; pip install nianbao[words]",
        )
    yield from _file_programs()
    yield ("ocr", *_recognition())
    try:
        sources = load_sources(settings.sources_dir)
        unknown = sum(source.column_unknown is not None for source in sources)
        yield ("sources", FINE, f"{len(sources)} in {settings.sources_dir}, {unknown} of them without a known column")
    except SourceError as error:
        yield ("sources", TROUBLE, str(error))
    yield ("corrections", *_corrections(settings))
    for variable in unknown_variables():
        yield (variable, TROUBLE, "no setting is called so; the table above has all of them")
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        yield ("data folder", TROUBLE, f"{folder.resolve()} is no folder; set NIANBAO_DATA_DIR elsewhere")
    elif not os.access(folder, os.W_OK):
        yield ("data folder", TROUBLE, f"{folder.resolve()} cannot be written to; set NIANBAO_DATA_DIR elsewhere")
    else:
        free = shutil.disk_usage(folder).free
        room = f"{settings.data_dir.resolve()}: {free / 1024**3:.1f} GiB free"
        if free >= NEEDED_SPACE:
            yield ("data folder", FINE, room)
        else:
            advice = "a crawl should have 1 GiB: free some, or set NIANBAO_DATA_DIR elsewhere"
            yield ("data folder", TROUBLE, f"{room}; {advice}")
    for host, why in HostPace(settings.state_dir / "pace").left_alone():
        yield (host, TROUBLE, f"{why}; nianbao problems says what it answered")
    yield ("landing folder", FINE, f"{len(pending(settings.landing_dir))} batches wait for the loader")
    rejected = sorted((settings.landing_dir / REJECTED).glob("*.parquet"))
    if rejected:
        detail = f"{len(rejected)} batches could not be loaded; the .reason.txt beside each says why and what to do"
        yield ("rejected batches", TROUBLE, f"{rejected[0].parent}: {detail}")
    yield ("warehouse", *_warehouse(settings))
    if settings.reader_path.exists() and not settings.hands_over:
        yield ("reader copy", *_reader_copy(settings))
    if settings.shared_store is not None:
        yield from _shared_store(settings)
    if settings.notifies:
        yield ("notifications", FINE, "set; nianbao notify sends a test message")
    else:
        yield (
            "notifications",
            FINE,
            "nobody is told of what fails or falls silent: set notify_webhook or notify_email",
        )
    yield (
        "Prefect",
        FINE,
        os.environ.get("PREFECT_API_URL")
        or served_at(settings.prefect_home)
        or "no PREFECT_API_URL, and nianbao serve does not run here: each command brings its own server",
    )


def _file_programs() -> Iterator[tuple[str, str, str]]:
    """Programs that read files of which nothing here does: none is needed, and each says what is lost without."""
    for program, (package, lost) in LOST_WITHOUT.items():
        path = find(program)
        missing = f"not installed, so without: {lost}; apt-get install {package}"
        yield (program.value, FINE, missing if path is None else f"{path}: {lost}")


def _shared_store(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Whether the store answers, what waits for whom, and whether pace can hold over the machines."""
    try:
        store = store_of(settings)
        landed = [file for file in store.list(LANDING) if file.name.endswith(".parquet")]
        copy = store.find(READER_COPY)
        loader = json.loads(store.read(LOADER) or "{}")
    except SharedStoreError as error:
        yield ("shared store", TROUBLE, str(error))
        return
    here = [path for folder in (LOADED, HANDED_OVER) for path in (settings.landing_dir / folder).glob("*.parquet")]
    mine = f"; {len(here)} batches of this machine have no receipt yet" if settings.hands_over else ""
    if not loader:
        yield ("shared store", TROUBLE, f"{store.url} has no loader yet: run nianbao load on the machine that loads")
    else:
        published = f"its copy is of {copy.modified:%Y-%m-%d %H:%MZ}" if copy is not None else "it has no copy yet"
        yield (
            "shared store",
            FINE,
            f"{len(landed)} batches wait in {store.url} for its loader, {loader.get('host')}; {published}{mine}",
        )
    if settings.pace_store == "folder":
        yield (
            "pace of several machines",
            TROUBLE if settings.hands_over else FINE,
            'pace_store = "folder" holds on this machine only: where two crawl one host, set pace_store = "prefect"',
        )


def _recognition() -> tuple[str, str]:
    """The engine that recognises scans: none is needed."""
    try:
        return FINE, f"{engine_version()}: nianbao recognise makes text of scans"
    except EngineMissingError as error:
        return FINE, f"not there, so without: the text of scans; {error}"


def _corrections(settings: Settings) -> tuple[str, str]:
    try:
        amendments = read_amendments(settings)
        troubles = correction_troubles(settings)
    except (SourceError, OSError) as error:
        return TROUBLE, str(error)
    except WarehouseError as error:
        return TROUBLE, f"what has become of them cannot be asked: {error}"
    if amendments.decisions.troubles:
        return TROUBLE, "; ".join(amendments.decisions.troubles)
    decided = many(len(amendments.decisions.decisions), "decision")
    held = f"{many(len(amendments.corrections), 'correction')}, {decided} on the quarantine"
    if troubles:
        of_them = "1 of them is" if len(troubles) == 1 else f"{len(troubles)} of them are"
        return TROUBLE, f"{held}; {of_them} not applied, because the page says something else now: nianbao corrections"
    return FINE, held


def _reader_copy(settings: Settings) -> tuple[str, str]:
    """Whether it shows what was loaded: a check that fails keeps it as it was, and every query answers from before."""
    try:
        seen = {batch for (batch,) in run_sql(settings.reader_path, "SELECT batch FROM raw_batches").rows}
    except WarehouseError as error:
        return TROUBLE, str(error)
    loaded = [path for path in (settings.landing_dir / LOADED).glob("*.parquet") if batch_of(path) not in seen]
    if not loaded:
        return FINE, "it shows all that was loaded"
    # The time of a file's move to its folder, which leaves that of its writing alone.
    waited = time.time() - min(path.stat().st_ctime for path in loaded)
    behind = f"{len(loaded)} batches were loaded since it was made"
    if waited < PUBLISHED_WITHIN:
        return FINE, f"{behind}; a run publishes soon"
    since = f"the first {waited / 60:.0f} minutes ago"
    return TROUBLE, f"{behind}, {since}: nianbao checks --unpublished says what keeps it as it was"


def _warehouse(settings: Settings) -> tuple[str, str]:
    try:
        require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
        ((reports,),) = run_sql(settings.reader_path, "SELECT count(*) FROM reports").rows
    except LostWarehouseError as error:
        return TROUBLE, nothing_to_rebuild(settings) or str(error)
    except NoReaderError as error:
        expected = not settings.warehouse_path.exists() or any_alive(settings.state_dir / "runs")
        return FINE if expected else TROUBLE, why_no_copy(settings) or str(error)
    except WarehouseError as error:
        return TROUBLE, str(error)
    return FINE, f"{reports} reports in {settings.reader_path}"
