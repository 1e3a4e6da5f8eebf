"""``nianbao demo``: the main job on the loopback portal, from nothing to three answers."""

from __future__ import annotations

import os
from pathlib import Path

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.commands.coverage import show_coverage
from flows.commands.crawl import run, show_summary
from flows.commands.shown_answer import cell
from flows.defaults import RECHECK_AFTER
from flows.settings import read_settings
from flows.terminal import show_table, talk
from warehouse.coverage import coverage_table
from warehouse.query import run_sql

DEMO_DATA = Path("data/demo")

QUESTIONS = (
    (
        "How long are the reports, and how many are there, year by year?",
        """
        SELECT report_year, report_type, count(*) AS reports, round(avg(text_length)) AS mean_characters
        FROM reports GROUP BY ALL ORDER BY report_year DESC, report_type LIMIT 6
        """,
    ),
    (
        "How often do they speak of administrative reconsideration (行政复议), in 10,000 words?",
        """
        SELECT level, reports, reports_with, round(per_10000, 1) AS per_10000_words
        FROM term_frequency('行政复议', per := ['level'], type := 'rule_of_law') ORDER BY per_10000_words DESC
        """,
    ),
    (
        "Who published after the legal deadline, and how late?",
        """
        SELECT publisher, report_type, report_year, published, days_late
        FROM coverage WHERE state = 'held' AND days_late > 0 ORDER BY days_late DESC, publisher LIMIT 5
        """,
    ),
)


def demo_command(*, port: int) -> int:
    """Start the portal, crawl it as a Prefect flow, show coverage and three questions with their answers."""
    with Portal(demo_network(), port=port) as portal:
        talk.print(f"The portal serves {len(portal.network.hosts)} disclosure sites as a proxy at {portal.url}.")
        os.environ.update(
            NIANBAO_PROXY=portal.url,
            NIANBAO_DATA_DIR=str(DEMO_DATA),
            NIANBAO_SOURCES_DIR=str(SOURCES),
            NIANBAO_PACE_SECONDS="0",  # the portal is ours
        )
        os.environ.pop("PREFECT_API_URL", None)  # the demo leaves a server of yours alone
        settings = read_settings()
        summary = run(
            settings, sources=[], province=None, recheck_days=RECHECK_AFTER.days, relist=False, with_prefect=True
        )
    show_summary(summary)
    show_coverage(coverage_table(settings.reader_path))
    for question, query in QUESTIONS:
        _show_question(settings.reader_path, question, query)
    talk.print(
        "\n".join(
            (
                "",
                "What to type next (the demo's data lies in data/demo):",
                "  export NIANBAO_DATA_DIR=data/demo",
                "  .venv/bin/nianbao sql                    a prompt; .tables shows what there is to ask",
                "  .venv/bin/nianbao coverage --year 2023   who published, who did not, how late",
                "  make demo                                again: nothing new, and it says so",
                "  README.md                                real use: your own sources, schedules, backfills",
            )
        )
    )
    return 1 if summary.problems else 0


def _show_question(reader: Path, question: str, query: str) -> None:
    talk.print(f"\n{question}", style="bold")
    lines = [line.strip() for line in query.strip().splitlines()]
    talk.print('  nianbao sql "' + "\n    ".join(lines) + '"', style="dim")
    answer = run_sql(reader, query)
    show_table(answer.columns, ([cell(value) for value in row] for row in answer.rows))
