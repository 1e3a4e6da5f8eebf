"""``nianbao recognise``: the text of archived scans, by OCR on this machine."""

from __future__ import annotations

from typing import Any

from flows.commands.run_setup import server_of_a_run, validated
from flows.recognising.parameters import RecogniseParameters
from flows.recognising.recognition_run import RecognisedFile, RecognitionSummary, recognise_plainly, sentence
from flows.settings import Settings
from flows.terminal import many, say, show_table, talk
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognition import RECOGNITION_LIMITS, engine_version
from scrapers.sources.registry import load_sources
from warehouse.readers import require_warehouse


def recognise_command(settings: Settings, given: dict[str, Any], *, with_prefect: bool) -> int:
    """Recognise what waits; ``given`` are :class:`RecogniseParameters`. Exit code 1 where something could not be read
    from the archive or loaded. Raises ``SettingsError`` for a parameter that is wrong, ``EngineMissingError`` without
    the engine."""
    parameters = validated(RecogniseParameters, given)
    registry = load_sources(settings.sources_dir)
    scope = parameters.scope(registry)
    require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    engine = engine_version()
    if with_prefect:
        with server_of_a_run(settings):
            from flows.recognise import recognise

            summary = recognise.with_options(retries=0)(parameters)  # whoever looks on tries again by hand
    else:
        with FileReader(RECOGNITION_LIMITS, at_most=1, recognising=True) as reader:
            summary = recognise_plainly(settings, registry, scope, reader.read, engine, on_file=_tell)
    return show_result(summary)


def _tell(done: RecognisedFile, left: int) -> None:
    talk.print(f"{done.label or done.url}: {done.outcome}, {many(done.pages, 'page')}; {many(left, 'file')} left")


def show_result(summary: RecognitionSummary) -> int:
    """A row a file on standard output; the rest on standard error."""
    show_table(
        ("file", "outcome", "pages", "confidence", "detail"),
        ((file.label or file.url, file.outcome, file.pages, file.confidence, file.detail) for file in summary.files),
    )
    for problem in summary.problems[:20]:
        say("problem", problem)
    if len(summary.problems) > 20:
        talk.print(f"... and {len(summary.problems) - 20} more")
    talk.print(sentence(summary))
    return 1 if summary.problems else 0
