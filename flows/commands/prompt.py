"""The prompt of ``nianbao sql``: statements over several lines, a history that lasts, and names that complete."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

from flows.commands.query_target import QueryTarget
from flows.commands.shown_answer import CUT, output_format, show_answer, show_lines
from flows.commands.sql_statements import LEAVE, split, statements
from flows.terminal import say, talk
from warehouse.answers.formats import Format
from warehouse.errors import QueryError, is_ctrl_c

ROWS: Final = 200
"""Rows shown of an answer; ``.limit`` changes it."""
PROMPT_CUT: Final = CUT.replace("--limit", ".limit")
HISTORY: Final = 2_000
"""Statements kept."""
COMMANDS: Final = {
    ".tables": "the tables and views, with what they hold",
    ".schema": "NAME: the columns of a table or view, with what they mean",
    ".macros": "what can be called in the place of a table or a value",
    ".mode": "FORMAT: how answers are shown: table, lines (a column a line), csv, json or jsonl",
    ".limit": "N: most rows shown of an answer",
    ".help": "this",
    ".quit": "leave (also Ctrl-D)",
}
MODES: Final = ("table", "lines", "csv", "json", "jsonl")


def prompt(reader: QueryTarget, form: Format, *, seconds: float | None, limit: int | None) -> int:
    """Answer statements until end of file; a wrong one is explained and the next one asked for.

    Each statement is asked of the reader copy as it is then: what was loaded in between is there.
    """
    mode: str = output_format(form, file=False)
    rows = ROWS if limit is None else limit
    remember = _line_editing(reader)
    talk.print("Read-only. End a statement with ; .help shows what else can be typed. Ctrl-D leaves.")
    for statement in statements(_typed()):
        remember(statement)
        word, _, argument = statement.partition(" ")
        argument = argument.strip()
        try:
            if word == ".help":
                for name, what in COMMANDS.items():
                    talk.print(f"{name:9}{what}")
            elif word == ".mode":
                mode = _one_of(MODES, argument, mode)
            elif word == ".limit":
                rows = _number(argument, rows)
            else:
                answer = reader.answer(statement, limit=rows, seconds=seconds)
                if mode == "lines":
                    show_lines(answer, cut=PROMPT_CUT)
                else:
                    show_answer(answer, output_format(mode), cut=PROMPT_CUT)
                    if answer.cut and mode != "table":
                        talk.print(f"There is more: {PROMPT_CUT}.")
        except QueryError as error:
            say("error", error)
        except (KeyboardInterrupt, RuntimeError) as error:
            if not is_ctrl_c(error):
                raise
            talk.print("Stopped.")
    return 0


def _one_of(modes: Iterable[str], wanted: str, now: str) -> str:
    if wanted in modes:
        return wanted
    talk.print(f"The mode is {now}; .mode takes one of {', '.join(modes)}.")
    return now


def _number(wanted: str, now: int) -> int:
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    talk.print(f"At most {now} rows are shown; .limit takes a number.")
    return now


def _typed() -> Iterator[str | None]:
    """Lines from the keyboard until Ctrl-D; ``None`` for Ctrl-C."""
    pending = ""
    while True:
        try:
            line = input("   ...> " if pending else "nianbao> ")
        except KeyboardInterrupt:
            talk.print("")
            pending = ""
            yield None
            continue
        except EOFError:
            talk.print("")
            return
        is_command = not pending and (line.lstrip().startswith(".") or line.strip().rstrip(";").lower() in LEAVE)
        if is_command:
            yield line
            continue
        _, pending, is_open = split(pending + line + "\n")
        if not line.strip() and not is_open:
            pending = ""
        yield line


def _line_editing(reader: QueryTarget) -> Callable[[str], None]:
    """History and completion where the terminal has them; returns what puts a statement into the history."""
    try:
        import readline
    except ImportError:  # a Python without readline: the prompt works, without arrow keys
        return lambda _: None
    file = history_file(os.environ, Path.home())
    readline.set_history_length(HISTORY)
    # Lines are put in here, a statement each, whatever number of lines it was typed on.
    readline.set_auto_history(False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        readline.read_history_file(file)
        keep = True
    except OSError as error:
        talk.print(f"What you type is not kept for the next time: {file}: {error.strerror}.")
        keep = False
    macros, keywords = reader.vocabulary()
    completion = Completion(reader.names(), macros, keywords)
    readline.set_completer(lambda text, state: _nth(completion.offers(readline.get_line_buffer(), text), state))
    readline.set_completer_delims(" \t\n,()=<>;+-*/|'")
    readline.parse_and_bind("bind ^I rl_complete" if _is_editline(readline) else "tab: complete")

    def remember(statement: str) -> None:
        readline.add_history(on_one_line(statement))
        if keep:
            # At once: a terminal that is closed must not take the history with it, nor one prompt that of another.
            try:
                readline.append_history_file(1, file)
            except OSError as error:
                say("problem", f"{file}: {error.strerror}; this statement is not kept for the next time")

    return remember


def history_file(environment: Mapping[str, str], home: Path) -> Path:
    """Where what was typed is kept: with the person's own state (XDG Base Directory Specification), not with the
    warehouse, which many read and few may write."""
    state = environment.get("XDG_STATE_HOME", "")
    return (Path(state) if Path(state).is_absolute() else home / ".local" / "state") / "nianbao" / "sql_history"


def on_one_line(statement: str) -> str:
    """A statement as one line of history: comments go, line breaks in the rest become spaces."""
    bare = re.sub(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*", lambda found: found.group(1) or "", statement)
    return re.sub(r"\s*\n\s*", " ", bare).strip()


class Completion:
    """What a word that was begun may become: names of the warehouse, then keywords, in any case of letters."""

    def __init__(self, tables: Mapping[str, tuple[str, ...]], macros: Iterable[str], keywords: Iterable[str]) -> None:
        self._tables = tables
        self._columns = sorted({column for columns in tables.values() for column in columns})
        self._macros = [f"{macro}(" for macro in macros]
        self._keywords = sorted(keywords)

    def offers(self, line: str, word: str) -> list[str]:
        """Completions of ``word``, which stands in ``line``: after ``FROM`` and ``JOIN`` tables come first, after
        ``reports.`` or an alias only columns."""
        if line.lstrip().startswith("."):
            command, parted, _ = line.lstrip().partition(" ")
            known = {".schema": sorted(self._tables), ".mode": list(MODES)}
            return _beginning(word, known.get(command, []) if parted else list(COMMANDS))
        if "." in word:
            table, _, begun = word.rpartition(".")
            columns = self._tables.get(self._meant(table, line), self._columns)
            return [f"{table}.{column}" for column in _beginning(begun, columns)]
        is_table = re.search(r"\b(?:from|join|describe|summarize|table)\s+\w*$", line, re.IGNORECASE)
        named = [self._tables[name] for name in map(str.lower, re.findall(r"\w+", line)) if name in self._tables]
        near = dict.fromkeys(column for columns in named for column in columns)
        kinds = [sorted(self._tables), self._macros]
        if not is_table:
            kinds = [list(near) or self._columns, *kinds]
        shouted = word.isupper()
        words = self._keywords if not shouted else [keyword.upper() for keyword in self._keywords]
        return list(dict.fromkeys(offer for known in (*kinds, words) for offer in _beginning(word, known)))

    def _meant(self, alias: str, line: str) -> str:
        """The table of an alias (``reports r``, ``reports AS r``), or the name itself."""
        found = re.search(rf"\b(\w+)\s+(?:as\s+)?{re.escape(alias)}\b", line, re.IGNORECASE)
        name = found.group(1).lower() if found else alias.lower()
        return name if name in self._tables else alias.lower()


def _beginning(word: str, known: Iterable[str]) -> list[str]:
    return [each for each in known if each.lower().startswith(word.lower())]


def _nth(offers: list[str], number: int) -> str | None:
    return offers[number] if number < len(offers) else None


def _is_editline(readline: ModuleType) -> bool:
    """macOS builds of Python have libedit in readline's place, which is told otherwise what Tab does."""
    return "libedit" in (readline.__doc__ or "")
