"""A registry file for a column that was probed: whose it is, how the file is called, what stands in it, and why.

Nothing is guessed: what the site does not say, and no table knows, is asked for by an error that names the option.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scrapers.errors import UsageError
from scrapers.judging.bodies import Body, read_body
from scrapers.judging.publisher import body_of_title, resolve_publisher
from scrapers.records import Column, Draft, Level, PageKind, ReportType, Source
from scrapers.sources.divisions import is_code, load
from scrapers.sources.golden_pages import pages_folder
from scrapers.sources.probe import Probe
from scrapers.sources.registry import read_source

PROVINCES = {
    "11": "beijing", "12": "tianjin", "13": "hebei", "14": "shanxi", "15": "neimenggu",
    "21": "liaoning", "22": "jilin", "23": "heilongjiang",
    "31": "shanghai", "32": "jiangsu", "33": "zhejiang", "34": "anhui", "35": "fujian", "36": "jiangxi",
    "37": "shandong", "41": "henan", "42": "hubei", "43": "hunan", "44": "guangdong", "45": "guangxi", "46": "hainan",
    "50": "chongqing", "51": "sichuan", "52": "guizhou", "53": "yunnan", "54": "xizang",
    "61": "shaanxi", "62": "gansu", "63": "qinghai", "64": "ningxia", "65": "xinjiang",
}  # fmt: skip
"""The registry's folder of a province by the first two digits of its division code (GB/T 2260)."""
MINISTRIES = "ministries"
_ID = re.compile(r"[a-z]+/[a-z0-9_]+")
_OFFICIAL = re.compile(r"(?:人民政府|管理委员会|办事处|局|厅|委员会|办公室)$")
"""How the full name of a body ends: a site that calls itself so names its publisher."""
_GOVERNMENT_HOST = ".gov.cn"


class NewSourceError(UsageError):
    """A source cannot be written as asked; the message says which option or which file decides it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose column it is, with what each part rests on."""

    publisher: str
    level: Level
    division_code: str | None
    parent_division_code: str | None
    """Of a zone: the division it lies in."""
    evidence: tuple[str, ...]

    @property
    def code(self) -> str | None:
        """The code of the place, or of the one a zone lies in."""
        return self.division_code or self.parent_division_code


def identify(found: Probe, *, publisher: str | None, level: Level | None, division: str | None) -> Identity:
    """Whose column ``found`` is: by the options where they are given, else by what the site says of itself.

    Raises :class:`NewSourceError`, naming the options, where something is unknown or contradicts.
    """
    if division is not None and not is_code(division):
        raise NewSourceError(f"--division {division}: no division bears this code; it is six digits of divisions.csv")
    site_code = (found.site_code or "")[:6]
    site_code = site_code if is_code(site_code) else ""
    body = _body(found, publisher, division or site_code or None)
    if body is None:
        return _by_options(found, publisher, level, division, site_code)
    if level is not None and level is not body.level:
        raise NewSourceError(f"--level {level}: {body.name} is a {body.level}; give another --publisher, or no --level")
    code = body.division_code or (body.parent_division_code if body.level is Level.ZONE else division)
    if code is None and body.level is not Level.MINISTRY:
        raise NewSourceError(f"{body.name}: which division is it in? Give --division and its six digits")
    if division is not None and code is not None and not load().related(division, code):
        raise NewSourceError(
            f"--division {division} ({_name(division)}): {body.name} is in {code} ({_name(code)}); "
            "give another --publisher, or no --division"
        )
    if publisher is None:
        _refuse_contradiction(found, body, code, site_code)
    said = f"--publisher {publisher}" if publisher is not None else f"the site calls itself {found.site_name}"
    evidence = [f"{body.name}: {said}"]
    if site_code:
        evidence.append(f"the site states 网站标识码 {found.site_code} ({_name(site_code)})")
    is_zone = body.level is Level.ZONE
    return Identity(body.name, body.level, None if is_zone else code, code if is_zone else None, tuple(evidence))


def refuse_another_author(identity: Identity, draft: Draft, year: int | None) -> None:
    """Raise :class:`NewSourceError` where the title of the newest report names another body than ``identity``."""
    author = resolve_publisher(draft=draft, source=None, year=year)
    if author.origin == "title" and author.publisher is not None and author.publisher != identity.publisher:
        raise NewSourceError(
            f"whose column is it? The site is that of {identity.publisher}, its newest report "
            f"({draft.title}) that of {author.publisher}. Give --publisher"
        )


def _refuse_contradiction(found: Probe, body: Body, code: str | None, site_code: str) -> None:
    if site_code and code is not None and not load().related(site_code, code):
        raise NewSourceError(
            f"where is it? The site calls itself {found.site_name} ({code}, {_name(code)}) and states 网站标识码 "
            f"{found.site_code} ({_name(site_code)}). Give --publisher, and --division where the name is not enough"
        )
    _refuse_named_column(found, body.name, code)


def _refuse_named_column(found: Probe, publisher: str, code: str | None) -> None:
    """A site carries the columns of its departments and townships, too: their names tell."""
    named = body_of_title(found.column_name, hint=code) if found.column_name else None
    if named is not None and named[0].named and named[0].name != publisher:
        raise NewSourceError(
            f"whose column is it? The site is that of {publisher}, the column is called {found.column_name}. "
            "Give --publisher"
        )


def _body(found: Probe, publisher: str | None, hint: str | None) -> Body | None:
    if publisher is not None:
        return read_body(publisher, hint=hint)
    tags = {"sitename": found.site_name or "", "siteidcode": found.site_code or ""}
    judged = resolve_publisher(draft=Draft(found.url, PageKind.LIST, meta_tags=tags), source=None)
    return read_body(judged.publisher, hint=judged.division_code or hint) if judged.publisher else None


def _by_options(
    found: Probe, publisher: str | None, level: Level | None, division: str | None, site_code: str
) -> Identity:
    """A publisher whose place no table knows: what its name does not say must be given."""
    own = found.site_name if found.site_name and _OFFICIAL.search(found.site_name) else None
    name = publisher or own
    level = level or (_level(name, division) if name else None)
    asked = [] if name else ["--publisher with the official name (and --level where its end does not state it)"]
    if division is None and level is not Level.MINISTRY:
        asked.append("--division with the six digits of its place, or of the one it lies in")
    if level is None and name and division is not None:
        asked.append(f"--level, one of {', '.join(Level)}")
    if asked or name is None or level is None:
        says = f"--publisher {publisher}" if publisher is not None else f"The site calls itself {found.site_name}"
        says += ", which divisions.csv has no single place for"
        if publisher is None and not found.site_name:
            says = "The site does not say its name"
        if site_code:
            says += f"; its 网站标识码 {found.site_code} begins with the code of {_name(site_code)}"
        raise NewSourceError(f"whose column is it? {says}. Give {' and '.join(asked)}")
    place = load().by_code(division) if division is not None else None
    if place is not None and place.level is not level and level in (Level.PROVINCE, Level.CITY, Level.COUNTY):
        raise NewSourceError(
            f"--level {level}: {division} ({_name(place.code)}) is a {place.level}; mend one of the two"
        )
    if publisher is None:
        _refuse_named_column(found, name, division)
    evidence = [f"{name}: " + ("--publisher" if publisher is not None else "the site calls itself so")]
    if division is not None:
        evidence.append(f"division {division}: --division")
    zone = level is Level.ZONE
    return Identity(name, level, None if zone else division, division if zone else None, tuple(evidence))


def _level(name: str, division: str | None) -> Level | None:
    """The level that the end of an official name states; of a 人民政府 above the townships that of its division."""
    if re.search(r"(?:镇|乡)人民政府$|街道办事处$", name):
        return Level.TOWNSHIP
    if name.endswith("人民政府"):
        place = load().by_code(division) if division else None
        return place.level if place is not None else None
    if name.endswith("管理委员会"):
        return Level.ZONE
    return Level.DEPARTMENT if _OFFICIAL.search(name) else None


def _name(code: str) -> str:
    place = load().by_code(code)
    return load().full_name(place) if place is not None else code


# --------------------------------------------------------------------------- the file's name


def checked_id(identifier: str) -> str:
    """``identifier`` where it can be a source's id. Raises :class:`NewSourceError`."""
    if not _ID.fullmatch(identifier):
        raise NewSourceError(
            f"--id {identifier}: write <province>/<publisher> in small letters, digits and _, such as zhejiang/pujiang"
        )
    return identifier


def propose_id(identity: Identity, host: str, registry: Sequence[Source]) -> str:
    """``<province>/<publisher>``: the folder in which the registry has that province, and the host's own name.

    Raises :class:`NewSourceError`, asking for ``--id``, where either is not plain.
    """
    name = host.partition(":")[0]
    if not name.endswith(_GOVERNMENT_HOST):
        raise NewSourceError(
            f"{name} is not below {_GOVERNMENT_HOST}, and pages on a source's own hosts are trusted: look who owns it, "
            "then say with --id <province>/<publisher> that it is right"
        )
    labels = name.removesuffix(_GOVERNMENT_HOST).removeprefix("www.").split(".")
    publisher = "_".join(reversed(labels)).replace("-", "_")
    return checked_id(f"{_folder(identity, registry)}/{publisher}")


def _folder(identity: Identity, registry: Sequence[Source]) -> str:
    if identity.level is Level.MINISTRY or identity.code is None:
        return MINISTRIES
    head = identity.code[:2]
    folders = {
        source.id.partition("/")[0]
        for source in registry
        if (source.division_code or source.parent_division_code or "").startswith(head)
    }
    if len(folders) > 1:
        raise NewSourceError(
            f"sources of {_name(head + '0000')} lie in the folders {', '.join(sorted(folders))}: give --id"
        )
    return next(iter(folders), None) or PROVINCES[head]


def refuse_known(registry: Sequence[Source], *, identifier: str | None, column_url: str, directory: Path) -> None:
    """Raise :class:`NewSourceError` where a file of that id is there, or a source has that column."""
    if identifier is not None:
        file = directory / f"{identifier}.toml"
        for path in (file, pages_folder(file)):
            if path.exists():
                raise NewSourceError(
                    f"{path} is there already and is not overwritten: add the column to it by hand, remove it, "
                    "or give another --id"
                )
    for source in registry:
        if any(_bare(column.url) == _bare(column_url) for column in source.columns):
            raise NewSourceError(
                f"{column_url} is a column of {source.id} already ({source.file}); `nianbao sources check --live "
                f"{source.id}` looks whether it lists everything"
            )


def refuse_known_publisher(registry: Sequence[Source], identity: Identity) -> None:
    """Raise :class:`NewSourceError` where a source has that publisher: a publisher has one file."""
    for source in registry:
        if source.publisher == identity.publisher:
            raise NewSourceError(
                f"{identity.publisher} has a file already, {source.file}: add the column there (`nianbao sources "
                "probe` prints its entry), or say with --publisher whose column it is"
            )


def _bare(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


# --------------------------------------------------------------------------- the file


def column_toml(
    url: str,
    platform: str,
    report_types: Sequence[ReportType],
    *,
    name: str | None = None,
    parameters: Mapping[str, str] | None = None,
    include: Sequence[str] = (),
) -> str:
    """A ``[[columns]]`` entry of a registry file."""
    lines = ["[[columns]]", f"url = {_quoted(url)}", f"platform = {_quoted(platform)}"]
    lines.append("report_types = [" + ", ".join(_quoted(kind) for kind in report_types) + "]")
    if name:
        lines.append(f"name = {_quoted(name)}")
    if parameters:
        lines.append("parameters = { " + ", ".join(f"{k} = {_quoted(v)}" for k, v in parameters.items()) + " }")
    if include:
        lines.append("include = [" + ", ".join(_quoted(rule) for rule in include) + "]")
    return "\n".join(lines) + "\n"


def source_toml(identity: Identity, column: Column, *, evidence: Sequence[str], verified: str) -> str:
    """A whole registry file: ``evidence`` as comments, the publisher, the column."""
    comments = [" ".join(line.split()) for line in (*evidence, *identity.evidence)]
    lines = [f"# Evidence: {comments[0]}", *(f"# - {line}" for line in comments[1:])]
    lines.append(f"publisher = {_quoted(identity.publisher)}")
    if identity.division_code is not None:
        lines.append(f"division_code = {_quoted(identity.division_code)}")
    if identity.parent_division_code is not None:
        lines.append(f"parent_division_code = {_quoted(identity.parent_division_code)}")
    lines.append(f"level = {_quoted(identity.level)}")
    lines.append(f"hosts = [{_quoted(urlsplit(column.url).netloc)}]")
    lines.append(f"verified = {_quoted(verified)}")
    entry = column_toml(
        column.url,
        column.platform,
        column.report_types,
        name=column.name,
        parameters=column.parameters,
        include=column.include,
    )
    return "\n".join(lines) + "\n\n" + entry


def write_source(directory: Path, identifier: str, text: str, record_pages: Callable[[Path], object]) -> Source:
    """Write a registry file and its golden pages, which ``record_pages`` puts into the folder it is given.

    The file is read back before anything stands in ``directory``; it comes last and replaces nothing, so that the
    registry never holds half a source. Raises :class:`~scrapers.sources.registry.SourceError` for a file that the
    registry would refuse, :class:`NewSourceError` for one that has come to be there meanwhile.
    """
    with tempfile.TemporaryDirectory() as draft:
        trial = Path(draft) / f"{identifier}.toml"
        trial.parent.mkdir(parents=True)
        trial.write_text(text, "utf-8")
        read_source(trial, root=Path(draft))
    file = directory / f"{identifier}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    waiting, pages = file.with_name(f".{file.stem}.{os.getpid()}.toml.new"), file.with_name(f".{file.stem}.new")
    try:
        waiting.write_text(text, "utf-8")
        shutil.rmtree(pages, ignore_errors=True)  # of a `new` that was killed
        record_pages(pages)
        if pages.exists():
            pages.rename(pages_folder(file))
        os.link(waiting, file)
    except FileExistsError as error:
        raise NewSourceError(f"{file} has come to be there meanwhile and is not overwritten") from error
    finally:
        waiting.unlink(missing_ok=True)
        shutil.rmtree(pages, ignore_errors=True)
    return read_source(file, root=directory)


def _quoted(value: str) -> str:
    """A TOML basic string; what JSON escapes, TOML escapes alike."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
