"""The CMS families of the loopback network: one class each, with its column page, list answers and detail page."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.portal.families.datasource import Datasource
from deployments.portal.families.family import Family
from deployments.portal.families.gkmlpt import Gkmlpt
from deployments.portal.families.hanweb_datastore import HanwebDatastore
from deployments.portal.families.hanweb_jpage import HanwebJpage
from deployments.portal.families.hanweb_xxgk import HanwebXxgk
from deployments.portal.families.jpaas import Jpaas
from deployments.portal.families.link_bars import EncodedBar, LinkBar, PageNavList
from deployments.portal.families.lonsun import Lonsun
from deployments.portal.families.static_pagers import count_variable, from_one, guarded_with_total, in_container
from deployments.portal.families.trs import Trs, cut_title, date_first, with_related
from deployments.portal.families.trs_search import TrsApi, TrsIgs, TrsJson, TrsWas5
from deployments.portal.families.ucap import Ucap, UcapStatic

FAMILIES: Mapping[str, Family] = {
    "hanweb_jpage": HanwebJpage(),
    "hanweb_jpage_encrypted": HanwebJpage(encrypted=True),
    "hanweb_jpage_in_page": HanwebJpage(in_page=True),
    "hanweb_datastore": HanwebDatastore(),
    "hanweb_xxgk": HanwebXxgk(),
    "jpaas": Jpaas(),
    "trs": Trs(),
    "trs_container": Trs("wjk_glrb", 1, in_container, cut_title),
    "trs_count_page": Trs("index", 0, count_variable, date_first),
    "trs_one_based": Trs("zfxxgk_gknrz", 1, from_one, date_first),
    "trs_list": Trs("list", 0, guarded_with_total, with_related),
    "trs_was5": TrsWas5(),
    "trs_was5_json": TrsWas5(json=True),
    "trs_api": TrsApi(),
    "trs_igs": TrsIgs(),
    "trs_json": TrsJson(),
    "gkmlpt": Gkmlpt(),
    "ucap": Ucap(),
    "ucap_static": UcapStatic(),
    "lonsun": Lonsun(),
    "page_nav_list": PageNavList(),
    "base64_pages": EncodedBar(),
    "next_links": LinkBar(),
    "datasource": Datasource(),
}
"""By the name that plans of sites use; what registry files name is the family's ``platform``."""

__all__ = ["FAMILIES", "Family"]
