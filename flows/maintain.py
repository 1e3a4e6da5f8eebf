"""Maintenance as a Prefect flow: index and verify the archive, record by record, and make the warehouse compact."""

from __future__ import annotations

from typing import Annotated, Literal

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from pydantic import BaseModel, ConfigDict, Field

from flows.runs.flow_run import ends_as_cancelled
from flows.runs.markdown import table
from flows.runs.retries import tried_again_unless
from flows.settings import read_settings
from flows.upkeep.archive_index import Comparison, compare, update_index
from scrapers.errors import ForeseenError
from scrapers.web.archive_check import CheckedFile, check_file
from scrapers.web.capture_index import warc_files
from warehouse.compaction import compact, compact_if_due
from warehouse.readers import publish as publish_copy


class MaintainParameters(BaseModel):
    """What to maintain."""

    model_config = ConfigDict(extra="forbid")

    compact: Annotated[
        Literal["when due", "always", "never"],
        Field(
            title="Compact the warehouse",
            description="Write its file anew without what holds nothing: when a quarter of it does, always, or never.",
        ),
    ] = "when due"
    verify: Annotated[
        bool, Field(title="Verify the archive", description="Read every record of every file: about 1 GB in 20 s.")
    ] = True


class ArchiveDamagedError(ForeseenError):
    """Records of the archive are damaged or missing; the message counts them, the run's artifact names them."""


@flow(
    name="maintain",
    description="Index the archive and verify it, record by record; make the warehouse compact.",
    flow_run_name="maintain",
    retries=1,
    retry_delay_seconds=300,
    timeout_seconds=12 * 3600,
    persist_result=False,
)
def maintain(parameters: MaintainParameters) -> State[None] | None:
    """Raises :class:`ArchiveDamagedError` where something was found, so that somebody is told.

    On a machine that only crawls it ends as cancelled: the loader has the whole archive.
    """
    with tried_again_unless(ArchiveDamagedError):
        return _maintain(parameters)


def _maintain(parameters: MaintainParameters) -> State[None] | None:
    logger = get_run_logger()
    settings = read_settings()
    if settings.hands_over:
        return ends_as_cancelled(f"this machine hands over to {settings.shared_store}, whose loader has the archive")
    indexed = update_index(settings)
    logger.info("indexed=%d records=%d unchanged=%d", indexed.files, indexed.records, indexed.unchanged)
    checked: list[CheckedFile] = []
    if parameters.verify:
        for path in warc_files(settings.archive_dir):
            checked.append(check_file(path))
            if checked[-1].faults:
                logger.warning("file=%s faults=%d", path.name, len(checked[-1].faults))
    compacting = {"always": compact, "when due": compact_if_due}.get(parameters.compact)
    compacted = compacting(settings.warehouse_path, wait_seconds=600) if compacting is not None else None
    if compacted is not None:
        logger.info(
            "compacted=%s before=%d after=%d seconds=%.1f",
            settings.warehouse_path, compacted.before, compacted.after, compacted.seconds,
        )  # fmt: skip
    if settings.warehouse_path.exists():
        publish_copy(settings.warehouse_path, settings.reader_path)
    compared = compare(settings.reader_path, checked) if parameters.verify and settings.reader_path.exists() else None
    create_markdown_artifact(
        archive_markdown(checked, compared), key="archive", description="Whether the archive is whole"
    )
    faults = sum(len(file.faults) for file in checked)
    missing = len(compared.missing) if compared is not None else 0
    if faults or missing:
        raise ArchiveDamagedError(
            f"{faults} damaged records, {missing} captures without their record; nianbao archive verify names "
            "each and says what to do"
        )
    return None


def archive_markdown(checked: list[CheckedFile], compared: Comparison | None) -> str:
    """The files of the archive, damaged ones first, and what the warehouse misses in them."""
    rows = [
        (
            file.file.name,
            file.state,
            file.file.records,
            len(file.faults),
            f"{file.faults[0].what} (byte {file.faults[0].offset})" if file.faults else "",
        )
        for file in sorted(checked, key=lambda file: (not file.faults, file.file.name))
    ]
    parts = [
        f"{len(checked)} files, {sum(file.file.records for file in checked)} records, "
        f"{sum(len(file.faults) for file in checked)} damaged.",
        table(("file", "state", "records", "damaged", "first damage"), rows, rest="`nianbao archive verify`"),
    ]
    if compared is not None:
        parts.append(
            f"{compared.captures} captures in the warehouse, {len(compared.missing)} of them without their record."
        )
    return "\n\n".join(parts)
