"""The CMS families of the loopback network: one module each, with its column page, list answers and detail page."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.portal.families.family import Family
from deployments.portal.families.hanweb_jpage import HanwebJpage
from deployments.portal.families.jpaas import Jpaas
from deployments.portal.families.trs import Trs

FAMILIES: Mapping[str, Family] = {"hanweb_jpage": HanwebJpage(), "jpaas": Jpaas(), "trs": Trs()}
"""By the name that registry files use as ``platform``."""

__all__ = ["FAMILIES", "Family"]
