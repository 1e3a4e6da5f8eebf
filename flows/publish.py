"""Publishing as a Prefect flow: checks, the copy that queries read, exports, the digest, what is to be announced."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from pydantic import BaseModel, ConfigDict, Field

from flows.publishing.announcement_events import send_event
from flows.publishing.announcing import announce, find_matters
from flows.publishing.artifacts import coverage_markdown, quality_markdown
from flows.publishing.digest import COVERAGE, OVERDUE, digest
from flows.runs.flow_run import ends_as_cancelled, is_of_a_deployment
from flows.runs.retries import tried_again_unless
from flows.settings import Settings, read_settings
from flows.shared_store.store import SharedStoreError
from flows.shared_store.taking_in import take_in
from warehouse.checks import check_warehouse
from warehouse.errors import ChecksFailedError, NoReaderError
from warehouse.export import export
from warehouse.load import load_pending
from warehouse.query import run_sql
from warehouse.readers import publish as publish_copy
from warehouse.readers import refuse_lost, require_warehouse


class PublishParameters(BaseModel):
    """How to publish."""

    model_config = ConfigDict(extra="forbid")

    digest_days: Annotated[
        int, Field(ge=1, le=366, title="Digest of (days)", description="How many days the digest looks back.")
    ] = 1
    export: Annotated[
        bool,
        Field(title="Export", description="Write data/export anew: the tables as a data package of Parquet files."),
    ] = False
    announce: Annotated[
        bool,
        Field(
            title="Announce", description="Send notifications of what is new: silence, empty lists, overdue reports."
        ),
    ] = True


def _run_name() -> str:
    return f"publish {datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}"


@flow(
    name="publish",
    description="Check the data, publish the copy that queries read, write the digest, announce what is new.",
    flow_run_name=_run_name,
    retries=2,
    retry_delay_seconds=120,
    timeout_seconds=3 * 3600,
    persist_result=False,
)
def publish(parameters: PublishParameters) -> Path | State[Path]:
    """Returns where the digest lies. Raises ``ChecksFailedError`` where a check forbids a new copy, after saying so.

    On a machine that only crawls it ends as cancelled: the loader publishes. So it does before the first crawl.
    """
    with tried_again_unless():
        return _publish(parameters)


def _publish(parameters: PublishParameters) -> Path | State[Path]:
    logger = get_run_logger()
    settings = read_settings()
    if settings.hands_over:
        return ends_as_cancelled(f"this machine hands over to {settings.shared_store}, whose loader publishes")
    now = datetime.now(UTC)
    if settings.takes_in:
        try:
            take_in(settings)
        except (SharedStoreError, ChecksFailedError) as error:  # what is here is published; checks are looked at below
            logger.warning("shared_store=%s error=%s", settings.shared_store, error)
    refuse_lost(settings.warehouse_path, settings.reader_path)
    load_pending(settings.warehouse_path, settings.landing_dir)
    try:
        require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    except NoReaderError:
        return ends_as_cancelled("nothing was crawled yet, so there is nothing to publish")
    results = check_warehouse(settings.warehouse_path)
    broken = [result for result in results if result.rows]
    create_markdown_artifact(quality_markdown(results), key="data-quality", description="What the checks found")
    for result in broken:
        logger.warning("check=%s severity=%s rows=%d", result.check.name, result.check.severity, len(result.rows))
    failure: ChecksFailedError | None = None
    try:
        published = publish_copy(settings.warehouse_path, settings.reader_path)
        logger.info("published=%s bytes=%d seconds=%.1f", published.path, published.size, published.seconds)
    except ChecksFailedError as error:
        failure = error
        if not settings.reader_path.exists():
            raise
    day = {"day": now.astimezone(ZoneInfo("Asia/Shanghai")).date()}
    create_markdown_artifact(
        coverage_markdown(
            run_sql(settings.reader_path, COVERAGE, parameters=day),
            run_sql(settings.reader_path, OVERDUE, parameters=day),
        ),
        key="coverage",
        description="Who has published, by report type and year",
    )
    if parameters.export and failure is None:
        exported = export(
            settings.reader_path, settings.data_dir / "export", version=importlib.metadata.version("nianbao"), now=now
        )
        logger.info("exported=%s tables=%d bytes=%d", exported.folder, len(exported.rows), exported.size)
    text = digest(settings.reader_path, now=now, days=parameters.digest_days)
    create_markdown_artifact(text, key="digest", description="What came, what is missing, what fails")
    path = write_digest(settings, text, now)
    if parameters.announce and is_of_a_deployment():
        matters = find_matters(
            settings.reader_path,
            now=now,
            silent_days=settings.silent_days,
            overdue_grace_days=settings.overdue_grace_days,
            followed=settings.followed,
            checks=results,
        )
        for message in announce(settings.announcements_path, matters, send_event, now=now):
            logger.info("announced=%s matters=%d title=%r", message.kind, len(message.keys), message.title)
    if failure is not None:
        raise failure
    return path


def write_digest(settings: Settings, text: str, now: datetime) -> Path:
    """Keep the digest as ``digests/<date in China>.md`` in the data folder; a later one of the day replaces it."""
    folder = settings.data_dir / "digests"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}.md"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
    return path
