"""The registry of sources: one TOML file a publisher, ``<province>/<publisher>.toml``, read and validated.

A file is wrong as a whole or right as a whole: an unknown key, a missing column, a code that no division bears or a
platform nobody wrote is a :class:`SourceError` that names the file and the line. ``source_file`` reads one of them.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scrapers.errors import UsageError
from scrapers.records import Level, Source
from scrapers.sources import REGISTRY
from scrapers.sources.source_file import SourceError, read_file, read_source

__all__ = ["SourceError", "UnknownSourceError", "load_sources", "read_source", "select_sources"]

_ENDING = ".toml"
_CODE = 6
"""Digits of a division code (GB/T 2260)."""
PAGES_ENDING = ".pages"
"""Folders beside a source's file that hold saved pages of it, and no source."""
_CORRECTIONS = "corrections"
_FIRST = "check the setting sources_dir, or write its first source: `nianbao sources new URL`"
_OF_A_SOURCE = re.compile(r"^\s*publisher\s*=", re.MULTILINE)


class UnknownSourceError(UsageError):
    """Somebody asked for a source that the registry does not hold."""


def load_sources(directory: Path = REGISTRY) -> tuple[Source, ...]:
    """Every source below ``directory``, by id. Raises one :class:`SourceError` with the problems of all files.

    A file that lies in ``directory`` itself is one of the problems: it would have no province. ``corrections.toml`` is
    none of a source, see ``scrapers.sources.corrections``.
    """
    if not directory.is_dir():
        raise SourceError([f"{directory}: there is no such folder of sources; {_FIRST}"])
    root = str(directory)
    sources: list[Source] = []
    problems: list[str] = []
    for path, identifier in sorted(_files(root, "")):
        if "/" not in identifier:
            if identifier != _CORRECTIONS and _is_stray(path, directory):
                problems.append(f"{path}: lies outside a province: move it to {root}/<province>/{identifier}{_ENDING}")
            continue
        try:
            sources.append(read_file(path, identifier))
        except SourceError as error:
            problems.extend(error.problems)
    if problems:
        raise SourceError(problems)
    if not sources:
        raise SourceError([f"{directory}: no <province>/<publisher>.toml lies there; {_FIRST}"])
    return tuple(sources)


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Path and id of every source file below ``folder``."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(_ENDING):
                yield entry.path, prefix + name[: -len(_ENDING)]
            elif not name.endswith(PAGES_ENDING) and entry.is_dir():
                yield from _files(entry.path, f"{prefix}{name}/")


def _is_stray(path: str, directory: Path) -> bool:
    """Whether a file in the folder itself is a source that lies wrongly; the package keeps tables of its own there."""
    if directory.resolve() != REGISTRY.resolve():
        return True
    return _OF_A_SOURCE.search(Path(path).read_text("utf-8", "replace")) is not None


def select_sources(
    sources: Sequence[Source],
    *,
    ids: Iterable[str] = (),
    province: str | None = None,
    division: str | None = None,
    level: Level | None = None,
) -> tuple[Source, ...]:
    """The sources asked for, in registry order; all of them where nothing is asked for.

    ``division`` is the beginning of a division code (``33``: Zhejiang; also of the division a zone lies in).

    Raises :class:`UnknownSourceError`, naming what stands nearest, where an id or a province is not in the registry,
    and where nothing is all that was asked for: a run over no source would end as well as one that found all held.
    """
    wanted = list(ids)
    known = {source.id for source in sources}
    for identifier in wanted:
        if identifier not in known:
            named = sorted(each for each in known if each.rpartition("/")[2] == identifier)
            near = named or difflib.get_close_matches(identifier, known, n=3, cutoff=0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise UnknownSourceError(
                f"no source is called {identifier!r}{hint or '.'} `nianbao sources list` shows all of them."
            )
    chosen = [source for source in sources if not wanted or source.id in wanted]
    if province is not None:
        provinces = sorted({source.id.split("/")[0] for source in sources})
        if province not in provinces:
            raise UnknownSourceError(
                f"no source lies in a province folder {province!r}; there are {', '.join(provinces) or 'none'}."
            )
        chosen = [source for source in chosen if source.id.split("/")[0] == province]
    if division is not None:
        if not division.isdecimal() or len(division) > _CODE:
            raise UnknownSourceError(f"{division!r} is no division code, nor the beginning of one: up to six digits.")
        chosen = [one for one in chosen if (one.division_code or one.parent_division_code or "").startswith(division)]
    if level is not None:
        chosen = [source for source in chosen if source.level is level]
    if sources and not chosen:
        asked = {"sources": ", ".join(wanted), "province": province, "division": division, "level": level}
        said = ", ".join(f"{name} {value}" for name, value in asked.items() if value)
        raise UnknownSourceError(f"no source is of {said}. `nianbao sources list` shows all of them.")
    return tuple(chosen)
