"""Families of sites: how each lists a column, in full.

``platform(name)`` gives the family's listing protocol; ``listing.list_column`` drives it to its end.
"""

from __future__ import annotations

from scrapers.platforms.datasource import Datasource
from scrapers.platforms.gkmlpt import Gkmlpt
from scrapers.platforms.hanweb_datastore import HanwebDatastore
from scrapers.platforms.hanweb_jpage import HanwebJpage
from scrapers.platforms.hanweb_xxgk import HanwebXxgk
from scrapers.platforms.jpaas import Jpaas
from scrapers.platforms.json_list import JsonList
from scrapers.platforms.lonsun import Lonsun
from scrapers.platforms.plain import Plain
from scrapers.platforms.protocol import Platform, PlatformError
from scrapers.platforms.trs import Trs
from scrapers.platforms.trs_api import TrsApi
from scrapers.platforms.trs_igs import TrsIgs
from scrapers.platforms.trs_was5 import TrsWas5
from scrapers.platforms.ucap import Ucap

__all__ = ["SEARCHING", "Platform", "PlatformError", "names", "platform"]

_FAMILIES: tuple[Platform, ...] = (
    HanwebJpage(),
    HanwebDatastore(),
    HanwebXxgk(),
    Jpaas(),
    Trs(),
    TrsWas5(),
    TrsApi(),
    TrsIgs(),
    Gkmlpt(),
    Ucap(),
    Lonsun(),
    JsonList(),
    Plain(),
    Datasource(),
)
SEARCHING = frozenset({"hanweb_xxgk", "trs_was5", "trs_igs", "ucap"})
"""Protocols that list what a column's query finds; ``plain`` does where its address has a place for the query."""
_PLATFORMS: dict[str, Platform] = {family.name: family for family in _FAMILIES}


def names() -> tuple[str, ...]:
    """Names of all listing protocols, as ``Column.platform`` may hold them."""
    return tuple(sorted(_PLATFORMS))


def platform(name: str) -> Platform:
    """The listing protocol of that name. Raises ``PlatformError`` for an unknown one."""
    try:
        return _PLATFORMS[name]
    except KeyError:
        raise PlatformError(f"no platform is named {name!r}; known are {', '.join(names())}") from None
