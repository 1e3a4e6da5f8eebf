"""Scripts in which static lists state their length, each as one site or another writes it.

Spellings: the project's list of pagers seen (``createPageHTML`` plain and with a container, ``countPage`` in force
beside a call that is commented out).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in its list."""

    number: int
    """From 1."""
    pages: int
    rows: int
    """Of the whole list."""
    stem: str
    extension: str


Pager = Callable[[Place], str]


def commented_out_first(place: Place) -> str:
    """A call that is out of force, then the one in force; counted from 0, without a total."""
    return f"""<div class="page"><script type="text/javascript">
//createPageHTML(100, 0, "{place.stem}", "{place.extension}");
createPageHTML({place.pages}, {place.number - 1}, "{place.stem}", "{place.extension}");
</script></div>"""


def from_one(place: Place) -> str:
    """The plain call, but the page counted from 1: ``_2`` is in the name of the second page."""
    return f"""<div id="pages"><script>
createPageHTML({place.pages}, {place.number}, "{place.stem}", "{place.extension}");
</script></div>"""


def guarded_with_total(place: Place) -> str:
    """The function, then the call in a guard for browsers without scripts; the total as fifth argument, a string."""
    return f"""<div class="page"><script language="JavaScript"><!--
function createPageHTML(_nPageCount, _nCurrIndex, _sPageName, _sPageExt, _nTotal){{
  if(_nPageCount == null || _nPageCount<=1){{ return; }}
  for(var i=0; i<_nPageCount; i++){{
    document.write('<a href="' + _sPageName + (i ? "_" + i : "") + "." + _sPageExt + '">' + (i+1) + '</a>');
  }}
}}
//--></script><script language="JavaScript"><!--
createPageHTML({place.pages},{place.number - 1}, "{place.stem}","{place.extension}","{place.rows}");
//--></script></div>"""


def in_container(place: Place) -> str:
    """The id of a container first, the page counted from 1, the total last; the function is in another file."""
    return (
        '<script type="text/javascript" src="/xhtml/js/page.js"></script><script>window.onload=function() {'
        f"createPageHTML('page-div',{place.pages}, {place.number},'{place.stem}','{place.extension}',{place.rows});}}"
        '</script><div id="page-div"></div>'
    )


def count_variable(place: Place) -> str:
    """``countPage`` in force, the call commented out, links written by the script; counted from 0."""
    stem, extension = place.stem, place.extension
    return f"""<div class="fy"><script language="javascript">
//createPageHTML({place.pages + 7}, 0, "{stem}", "{extension}");
var currentPage = {place.number - 1};//所在页从0开始
//var headPage = "{stem}"+"."+"{extension}";//首页
var prevPage = currentPage-1//上一页
var nextPage = currentPage+1//下一页
var countPage = {place.pages}//共多少页
if(countPage>1&&currentPage!=0)
  document.write("<a href=\\"{stem}.{extension}\\" target=\\"_self\\">首页</a>");
for(var i=0; i<countPage; i++){{
  if(i==0) document.write("<a href=\\"{stem}.{extension}\\">"+1+"</a>");
  else document.write("<a href=\\"{stem}"+"_" + i + "."+"{extension}\\">"+(i+1)+"</a>");
}}
</script></div>"""
