"""The recognition of scans as a Prefect flow: a task run a file.

It runs by itself and not within a crawl: a page takes seconds on every core, and needs an engine that not every machine
has. What is done stands in the data folder, not in Prefect's results.
"""

from __future__ import annotations

from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.recognising.parameters import RecogniseParameters
from flows.recognising.recognition_run import RecognitionRun, RecognitionSummary, sentence
from flows.runs.markdown import bullets, table
from flows.runs.retries import tried_again_unless, try_once
from flows.settings import read_settings
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognition import RECOGNITION_LIMITS, engine_version
from scrapers.sources.registry import load_sources

LONGEST = 14 * 24 * 3600
"""Seconds after which an attempt is ended: 100,000 pages, the most that can be asked for, at 12 s each. What was
recognised is kept."""


def _run_name() -> str:
    return f"recognise {RecogniseParameters.model_validate(flow_run.parameters.get('parameters') or {}).words}"


@flow(
    name="recognise",
    description="Recognise the text of scans that hold a report, and load it; needs the extra nianbao[ocr].",
    flow_run_name=_run_name,
    retries=2,
    retry_delay_seconds=300,
    timeout_seconds=LONGEST,
    persist_result=False,
)
def recognise(parameters: RecogniseParameters) -> RecognitionSummary:
    """The flow that deployments and ``nianbao recognise`` run. Raises ``EngineMissingError``.

    A further attempt goes on with the files that wait; where all are asked for again there is none, since it would
    begin with those that are done.
    """
    if parameters.again:
        try_once()
    with tried_again_unless():
        return _recognise(parameters)


def _recognise(parameters: RecogniseParameters) -> RecognitionSummary:
    settings = read_settings()
    logger = get_run_logger()
    registry = load_sources(settings.sources_dir)
    engine = engine_version()
    with FileReader(RECOGNITION_LIMITS, at_most=1, recognising=True) as reader:
        run = RecognitionRun(settings, registry, parameters.scope(registry), reader.read, engine)
        with run:
            logger.info("run=%s engine=%s files=%d limit=%d", run.run_id, engine, len(run.waiting), parameters.limit)
            made = create_progress_artifact(
                0.0, key="recognise-progress", description=f"{len(run.waiting)} files wait, {parameters.limit} pages"
            )
            assert isinstance(made, UUID), "called from a thread without an event loop, it answers at once"
            of = len(run.waiting)
            # the run is no parameter of the task: Prefect would look through all that it holds
            one_file = task(name="recognise file", cache_policy=NO_CACHE, persist_result=False)(run.recognise_next)
            while run.waiting:
                name = (run.waiting[0].label or run.waiting[0].url).replace("{", "").replace("}", "")
                done = one_file.with_options(task_run_name=name[:100])()
                if done is None:
                    break
                logger.info(
                    "run=%s file=%s outcome=%s pages=%d confidence=%s",
                    run.run_id, done.url, done.outcome, done.pages, done.confidence,
                )  # fmt: skip
                update_progress_artifact(
                    made,
                    progress=100.0 * (of - len(run.waiting)) / of,
                    description=f"{of - len(run.waiting)} of {of} files",
                )
    summary = run.summary()
    for problem in summary.problems[:20]:
        logger.warning(problem)
    create_markdown_artifact(
        _summary_markdown(summary), key="recognise-summary", description="What was recognised, and how surely"
    )
    return summary


def _summary_markdown(summary: RecognitionSummary) -> str:
    rows = [(file.label or file.url, file.outcome, file.pages, file.confidence, file.detail) for file in summary.files]
    return "\n".join(
        [
            sentence(summary),
            "",
            table(
                ("file", "outcome", "pages", "confidence", "detail"),
                rows,
                most=200,
                rest="nianbao problems --kind attachment",
            ),
            "",
            *bullets(summary.problems, most=20),
        ]
    )
