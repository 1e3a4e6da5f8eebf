"""Pages written for the tests in the manner of government sites; no sentence of them was published anywhere."""

from __future__ import annotations

URL = "http://www.example.gov.cn/zwgk/202503/t20250312_1.html"
TITLE = "示例县2024年法治政府建设年度报告"
FIRST = "近年来，示例县坚持以法治政府示范创建为抓手，扎实推进依法行政各项工作，取得了明显成效。"
SECOND_MARKUP = (
    '全年共办理行政复议案件<span lang="EN-US">128</span>件，行政机关负责人出庭应诉率达<span>100</span>%，'
    "同比提高<st1:chmetcnv>3.5</st1:chmetcnv>个百分点<o:p></o:p>。"
)
SECOND = "全年共办理行政复议案件128件，行政机关负责人出庭应诉率达100%，同比提高3.5个百分点。"
THIRD = "下一步，示例县将继续深化行政执法体制改革，不断提升法治政府建设水平。"
BODY = "\n".join((FIRST, SECOND, THIRD))

NAVIGATION = (
    '<div class="nav"><ul>'
    + "".join(
        f'<li><a href="/{n}/">{name}</a></li>'
        for n, name in enumerate(["首页", "政务公开", "政务服务", "互动交流", "走进示例"])
    )
    + "</ul></div>"
)
SIDE = (
    '<div class="side"><h3>热点推荐</h3><ul>'
    + "".join(
        f'<li><a href="/a/{n}.html">关于进一步做好第{n}批示例工作有关事项的通知公告</a><span>2024-0{n}-11</span></li>'
        for n in range(1, 8)
    )
    + "</ul></div>"
)
LINKS = "<div>" + "".join(f'<a href="http://{n}.gov.cn">示例链接单位名称{n}</a>' for n in range(20)) + "</div>"
FOOTER = (
    '<div class="footer"><p>主办单位：示例县人民政府办公室　承办单位：示例县大数据中心　地址：示例县人民路1号</p>'
    "<p>示ICP备05000000号　示公网安备 33000000000001号　网站标识码：3300000001</p>"
    '<p><a href="#">网站地图</a>|<a href="#">联系我们</a></p></div>'
)
PARAGRAPHS = f"<p>{FIRST}</p><p>{SECOND_MARKUP}</p><p>{THIRD}</p>"


def page(body: str, *, head: str = "", title: str = f"{TITLE}-示例县人民政府") -> bytes:
    """A whole page around a body: navigation above, links and imprint below."""
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f"<body>{NAVIGATION}{body}{LINKS}{FOOTER}</body></html>"
    ).encode()


def article_meta(title: str = TITLE, published: str = "2025-03-12 10:00", source: str = "县司法局") -> str:
    return (
        f'<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{published}">'
        f'<meta name="ContentSource" content="{source}">'
    )
