"""A first look at the reader copy: ``marimo edit docs/first_look.py``, or ``marimo run`` to read it without the code.

It opens ``$NIANBAO_DATA_DIR/nianbao.duckdb``, or the demo's where nothing is set. ``docs/questions.md``
has more queries.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="nianbao: a first look")


@app.cell
def _():
    import os
    import pathlib

    import duckdb
    import marimo as mo

    return duckdb, mo, os, pathlib


@app.cell
def _(duckdb, mo, os, pathlib):
    reader = pathlib.Path(os.environ.get("NIANBAO_DATA_DIR", "data/demo")) / "nianbao.duckdb"
    mo.stop(
        not reader.is_file(),
        mo.md(f"There is no reader copy at `{reader}`. Run `make demo`, or set `NIANBAO_DATA_DIR`."),
    )
    warehouse = duckdb.connect(str(reader), read_only=True)

    def ask(sql, **parameters):
        """The answer as a data frame. Each look opens the copy as it is: a crawl may replace it at any time."""
        return warehouse.execute(sql, parameters).df()

    held = ask(
        "SELECT report_type, count(*) AS reports, count(DISTINCT publisher) AS publishers, "
        "min(report_year) AS from_year, max(report_year) AS to_year FROM reports GROUP BY ALL ORDER BY ALL"
    )
    mo.vstack([mo.md("# 年报：a first look\n\nWhat is held:"), mo.ui.table(held, selection=None)])
    return ask, held


@app.cell
def _(ask, mo):
    late = ask(
        "SELECT publisher, report_type, report_year, state, due, published, days_late FROM coverage "
        "WHERE days_late > 0 ORDER BY state, days_late DESC LIMIT 10"
    )
    missing = ask("SELECT publisher, report_year, part, url FROM missing_parts ORDER BY ALL")
    mo.vstack(
        [
            mo.md("## Who was late, and what is missing\n\n`coverage` has a state for every publisher, type and year."),
            mo.ui.table(late, selection=None),
            mo.md("Parts that the law asks for and a report does not have:"),
            mo.ui.table(missing, selection=None),
        ]
    )
    return late, missing


@app.cell
def _(mo):
    theme = mo.ui.text(value="营商环境", label="A word")
    mo.vstack([theme])
    return (theme,)


@app.cell
def _(ask, mo, theme):
    by_year = ask(
        "SELECT report_year, reports, reports_with, count, round(per_10000, 1) AS per_10000 "
        "FROM term_frequency($word, per := ['year'], \"type\" := 'rule_of_law') ORDER BY report_year",
        word=theme.value,
    )
    by_level = ask(
        "SELECT level, reports, reports_with, round(per_10000, 1) AS per_10000 "
        "FROM term_frequency($word, per := ['level'], \"type\" := 'rule_of_law') ORDER BY per_10000 DESC, level",
        word=theme.value,
    )
    found = ask("SELECT publisher, report_year, snippet, score FROM search($word, most := 5)", word=theme.value)
    mo.vstack(
        [
            mo.md(
                f"## How often is {theme.value} spoken of?\n\nIn 10,000 words, over the reports of each year and level."
            ),
            mo.hstack([mo.ui.table(by_year, selection=None), mo.ui.table(by_level, selection=None)]),
            mo.ui.table(found, selection=None),
        ]
    )
    return by_level, by_year, found


@app.cell
def _(ask, mo):
    appearances = ask(
        "PIVOT (SELECT publisher, report_year, number FROM figure_panel('出庭应诉率', unit := '%') "
        "WHERE level IN ('province', 'city', 'county')) ON report_year USING first(number) ORDER BY publisher"
    )
    applications = ask(
        "SELECT publisher, report_year, new, granted, partly_granted, refused, results, adds_up, reconsiderations, "
        "lawsuits FROM disclosure_panel WHERE report_year >= 2024 ORDER BY publisher, report_year"
    )
    mo.vstack(
        [
            mo.md("## Numbers as a panel\n\n出庭应诉率, as the reports say it in their text:"),
            mo.ui.table(appearances, selection=None),
            mo.md("Applications for information, by the statutory tables, with the form's own check:"),
            mo.ui.table(applications, selection=None),
        ]
    )
    return appearances, applications


@app.cell
def _(ask, mo):
    reused = ask(
        "SELECT publisher, report_year, round(verbatim_share, 2) AS verbatim, "
        "round(share_but_numbers, 2) AS but_numbers "
        "FROM reused_from_last_year(\"type\" := 'rule_of_law') "
        "ORDER BY verbatim_share DESC, publisher, report_year LIMIT 8"
    )
    copied = ask(
        "SELECT publisher, said_first_by, sentences, longest FROM copied_between_places("
        "(SELECT max(report_year) - 1 FROM reports))"
    )
    departments = ask(
        "SELECT token, count_target, count_reference, round(g2, 1) AS g2, round(log_ratio, 1) AS log_ratio "
        "FROM keyness("
        "(SELECT list(document_id) FROM reports WHERE report_type = 'rule_of_law' AND level = 'department'), "
        "(SELECT list(document_id) FROM reports WHERE report_type = 'rule_of_law' AND level <> 'department')) "
        "ORDER BY g2 DESC, token LIMIT 12"
    )
    mo.vstack(
        [
            mo.md("## What is said again\n\nShare of a report that stood in the year before's:"),
            mo.ui.table(reused, selection=None),
            mo.md("Places that repeat what another said first, in the last year but one:"),
            mo.ui.table(copied, selection=None),
            mo.md("## How departments speak, against governments"),
            mo.ui.table(departments, selection=None),
        ]
    )
    return copied, departments, reused


if __name__ == "__main__":
    app.run()
