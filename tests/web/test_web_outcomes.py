"""Challenges are named with their vendor; real pages that pass through the same services are not taken for
challenges."""

from __future__ import annotations

import gzip
import json
import time
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.records import Outcome
from scrapers.web.evidence import beginning
from scrapers.web.outcomes import classify

HTML = (("Content-Type", "text/html"),)
REPORT = "<html><head><title>报告</title></head><body><p>" + "法治政府建设年度报告" * 100 + "</p></body></html>"


def shell(inside: str) -> bytes:
    return f"<!doctype html><html><head>{inside}</head><body></body></html>".encode()


CHALLENGES: list[tuple[int, tuple[tuple[str, str], ...], bytes, str]] = [
    (521, (("Set-Cookie", "__jsluid_h=ab; path=/"),), b"<script>document.cookie=...</script>", "jiasule"),
    (521, (), b"", "jiasule"),
    (403, (("X-Via-JSL", "a1b2"),), b"no", "jiasule"),
    (503, (("Server", "jiasule-WAF"),), b"no", "jiasule"),
    (503, (("X-Via-JSL", "a1"),), shell("<script>eval('')</script>"), "jiasule"),
    (200, (), shell("<script>document.cookie='__jsl_clearance=1';location.reload()</script>"), "jiasule"),
    (412, (), b"", "ruishu"),
    (202, (), shell("<script>$_ts={};</script>"), "ruishu"),
    (200, (), shell("<script>$_ts=window['$_ts'];" + "x" * 100_000), "ruishu"),
    (403, (("WZWS-Ray", "1"),), b"", "wzws"),
    (200, (), shell('<form action="/WZWS-waf-cgi/"></form>'), "wzws"),
    (403, (), b"https://help.365cyd.com/cyd-error-help.html?code=403", "chuangyudun"),
    (405, (("Set-Cookie", "acw_tc=76b2; HttpOnly"),), b"", "aliyun"),
    (405, (), b'<img src="//g.alicdn.com/sd-base/static/1.0.5/image/405.png">', "aliyun"),
    (501, (), b"https://waf.tencent-cloud.com/501page.html?u=", "tencent"),
    (403, (("Server", "HuaweiCloudWAF"),), b"", "huaweicloud"),
    (403, (("Set-Cookie", "HWWAFSESID=1"),), b"", "huaweicloud"),
    (403, (("Set-Cookie", "yunsuo_session_verify=1"),), b"", "yunsuo"),
    (404, (), b'<script src="http://404.safedog.cn/sitedog_stat.html">', "safedog"),
    (200, (), "<title>网站防火墙</title><p>您的请求带有不合法参数，已被网站管理员设置拦截！</p>".encode(), "baota"),
    (200, (), "<title>网站防火墙</title><p>您的请求带有不合法参数</p>".encode("gb18030"), "baota"),
    (468, (), b"/.safeline/challenge/v2/index.html", "safeline"),
    (403, (("Server", "NSFocus"),), b"", "nsfocus"),
    (403, (("Server", "BDWAF"),), b"", "landun"),
    (403, (("X-Cache", "MISS from YUNDUN"),), b"", "yundun"),
    (200, (), shell("<title>Just a moment...</title>"), "unnamed"),
    (200, (), "<title>提示</title><p>安全验证</p>".encode("gbk"), "unnamed"),
    (200, (), shell("<script>document.cookie='a=1';location.reload()</script>"), "unnamed"),
    (200, (("X-Via-JSL", "1"),), shell("<script>document.cookie='a=1'</script>"), "jiasule"),
    (403, (), shell("<title>Just a moment...</title>"), "unnamed"),
    (503, (), "<title>请稍候</title><p>正在进行安全验证</p>".encode("gb18030"), "unnamed"),
]


@pytest.mark.parametrize(("status", "headers", "body", "vendor"), CHALLENGES)
def test_a_challenge_is_named(status: int, headers: tuple[tuple[str, str], ...], body: bytes, vendor: str) -> None:
    outcome, detail = classify(status, (*HTML, *headers), body, url="http://www.demo.test/a.html")
    assert outcome is Outcome.CHALLENGE
    assert (detail or "").split(":")[0] == vendor


def test_every_vendor_of_the_table_is_covered_by_a_case_above() -> None:
    table = tomllib.loads(files("scrapers.web").joinpath("signatures.toml").read_text(encoding="utf-8"))
    assert {row["vendor"] for row in table["challenge"]} <= {vendor for *_, vendor in CHALLENGES}


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Via-JSL", "a1b2"), ("Set-Cookie", "__jsluid_h=1")),
        (("Set-Cookie", "acw_tc=1"),),
        (("Server", "HuaweiCloudWAF"), ("Set-Cookie", "HWWAFSESID=1")),
        (("X-Cache", "HIT from YUNDUN"),),
    ],
)
def test_a_report_that_came_through_a_protection_service_is_content(headers: tuple[tuple[str, str], ...]) -> None:
    assert classify(200, (*HTML, *headers), REPORT.encode()) == (Outcome.OK, None)


@pytest.mark.parametrize(
    "words", ["网站完成安全验证改造", "页面不存在问题已整改", "系统升级维护期间", "$_ts", "__jsl_clearance"]
)
def test_a_report_that_speaks_of_such_things_is_content(words: str) -> None:
    page = REPORT.replace("</p>", words + "</p>")
    assert classify(200, HTML, page.encode())[0] is Outcome.OK


def test_words_in_a_script_are_not_words_of_the_page() -> None:
    page = (
        b"<html><title>x</title><p>short</p><script>var m='"
        + "系统维护中 页面不存在 安全验证".encode()
        + b"';</script></html>"
    )
    assert classify(200, HTML, page)[0] is Outcome.OK


def test_a_scanned_document_numbered_404_is_content() -> None:
    page = "<title>关于报送年度报告的通知（政办发〔2023〕404号）</title><p>政办发〔2023〕404号</p><img src='scan.jpg'>"
    assert classify(200, HTML, page.encode())[0] is Outcome.OK


def test_a_report_below_a_very_long_head_is_content() -> None:
    page = REPORT.replace("<head>", "<head><style>" + "a{color:red}" * 40_000 + "</style><script>'安全验证'</script>")
    assert classify(200, HTML, page.encode()) == (Outcome.OK, None)


def test_a_column_that_is_all_script_is_left_to_its_platform() -> None:
    script = b'<script src="/script/unitbuild.js" queryData="{}"></script>'
    page = b'<html><title>x</title><div class="list">' + script + b"</div></html>"
    assert classify(200, HTML, page)[0] is Outcome.OK


def test_a_list_answer_that_is_no_page_is_left_to_its_platform() -> None:
    for content_type, body in (
        ("application/json", b'{"data":[]}'),
        ("text/xml", b"<datastore></datastore>"),
        ("", b"[]"),
    ):
        assert classify(200, (("Content-Type", content_type),), body)[0] is Outcome.OK


def test_a_sites_own_503_behind_a_protection_service_is_a_server_error() -> None:
    headers = (("Set-Cookie", "acw_tc=1"), ("X-Via-JSL", "a1"), ("Server", "nginx"))
    assert classify(503, headers, b"<h1>503 Service Temporarily Unavailable</h1>")[0] is Outcome.SERVER_ERROR


def test_cloudflares_521_says_that_the_site_is_down() -> None:
    assert classify(521, (("Server", "cloudflare"),), b"Web server is down")[0] is Outcome.SERVER_ERROR


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.CLIENT_ERROR),
        (403, Outcome.BLOCKED),
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (429, Outcome.BLOCKED),
        (500, Outcome.SERVER_ERROR),
        (599, Outcome.SERVER_ERROR),
        (302, Outcome.WRONG_CONTENT),
        (206, Outcome.WRONG_CONTENT),
        (0, Outcome.WRONG_CONTENT),
    ],
)
def test_a_plain_status_has_one_outcome(status: int, outcome: Outcome) -> None:
    assert classify(status, HTML, b"")[0] is outcome


@pytest.mark.parametrize(
    ("page", "outcome"),
    [
        ("<title>404</title>", Outcome.SOFT_404),
        ("<title lang=zh>\n 404 - 找不到文件或目录</title>", Outcome.SOFT_404),
        ("<title>提示信息</title><p>该信息不存在或已被删除</p>", Outcome.SOFT_404),
        ("<title>公告</title><p>本网站已关停，请访问市政府门户网站。</p>", Outcome.GONE),
        ("<p>系统维护中，请稍后访问。</p>", Outcome.SERVER_ERROR),
        ('<title>x</title><form><input name="u"><input type="password"></form>', Outcome.WRONG_CONTENT),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_other_pages_under_status_200_are_no_content_either(page: str, outcome: Outcome, encoding: str) -> None:
    assert classify(200, HTML, page.encode(encoding))[0] is outcome


def test_a_shell_without_text_is_no_document_but_may_be_a_list() -> None:
    page = shell("<title>公开</title>").replace(b"<body>", b"<body><noscript>x</noscript><div id=app></div>")
    scripted = page.replace(b"</body>", b"<script src=/app.js></script></body>")
    assert classify(200, HTML, scripted, document=True)[0] is Outcome.JS_ONLY
    assert classify(200, HTML, page, document=True)[0] is Outcome.WRONG_CONTENT
    assert classify(200, HTML, scripted)[0] is Outcome.OK
    assert classify(200, HTML, page)[0] is Outcome.OK


@pytest.mark.parametrize(
    "inside",
    [
        "<img src='scan1.jpg'><script src=/count.js></script>",
        "<iframe src='report.pdf'></iframe><script src=/count.js></script>",
        "<a href='report.pdf'>附件</a>",
        "<script>location.href='/art/2.html'</script>",
        "<script type='text/xml'><datastore><record>1</record></datastore></script>",
    ],
    ids=["scan", "frame", "attachment", "forward", "data"],
)
def test_a_documents_page_with_something_to_see_or_to_follow_is_left_to_the_reader(inside: str) -> None:
    page = f"<html><head><title>x</title></head><body>{inside}</body></html>".encode()
    assert classify(200, HTML, page, url="http://a.test/b.html", document=True) == (Outcome.OK, None)


def test_a_programs_error_in_place_of_a_document_is_wrong_content() -> None:
    for body in (b'{"code":500,"msg":"error"}', b'\xef\xbb\xbf[{"error": 1}]'):
        assert classify(200, HTML, body, document=True)[0] is Outcome.WRONG_CONTENT
        assert classify(200, HTML, body)[0] is Outcome.OK  # a list's answer is its platform's business
    assert classify(200, HTML, b"{" + REPORT.encode(), document=True)[0] is Outcome.OK


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("dns_error", Outcome.DNS),
        ("dns_timeout", Outcome.TIMEOUT),
        ("connection_timeout", Outcome.TIMEOUT),
        ("destination_ip_unroutable", Outcome.CONNECTION),
        ("connection_refused", Outcome.CONNECTION),
        ("tls_certificate_error", Outcome.TLS),
        ("destination_ip_prohibited", Outcome.FORBIDDEN_ADDRESS),
    ],
)
def test_a_proxy_says_why_it_has_no_answer(error: str, outcome: Outcome) -> None:
    headers = (("Proxy-Status", f'cache; hit, gate; error={error}; details="x"'),)
    found, detail = classify(502, headers, b"", proxied=True)
    assert found is outcome
    assert error in (detail or "")


def test_nobody_but_a_proxy_of_ours_speaks_of_the_connection() -> None:
    headers = (("Proxy-Status", "somebody; error=dns_error"),)
    assert classify(502, headers, b"")[0] is Outcome.SERVER_ERROR
    assert classify(200, headers, REPORT.encode(), proxied=True)[0] is Outcome.OK
    assert classify(502, (("Proxy-Status", "p; error=http_request_error"),), b"", proxied=True) == (
        Outcome.SERVER_ERROR,
        "status 502",
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", None),
        ("系统维护中".encode(), "系统维护中"),
        ("系统维护中".encode("gb18030"), "系统维护中"),
        (b"\xef\xbb\xbf<html>", "<html>"),
        (b"a\x00b", "a\ufffdb"),
        (("维" * 1000).encode(), "维" * 341),
        (b"x" * 5000, "x" * 1024),
        (gzip.compress(("网站防火墙" * 50).encode())[:-8], "网站防火墙" * 50),
        (b"\x1f\x8b\x08 no gzip", "\x1f\ufffd\x08 no gzip"),
    ],
    ids=["empty", "utf-8", "gb18030", "mark", "nul", "cut letter", "long", "torn gzip", "false gzip"],
)
def test_the_evidence_is_the_first_kilobyte_as_a_person_reads_it(body: bytes, shown: str | None) -> None:
    assert beginning(body) == shown


def test_a_page_where_a_file_was_asked_for_is_wrong_content() -> None:
    assert classify(200, HTML, REPORT.encode(), url="http://a.test/b.pdf")[0] is Outcome.WRONG_CONTENT
    assert classify(200, (), b"%PDF-1.4", url="http://a.test/b.pdf")[0] is Outcome.OK
    assert classify(200, (), b"%PDF-1.4", url="http://a.test/b.html")[0] is Outcome.WRONG_CONTENT


def test_a_challenge_is_known_by_its_page_alone() -> None:
    assert (classify(200, HTML, b"<html><script>$_ts={}</script></html>")[1] or "").startswith("ruishu: ")
    assert (classify(200, HTML, "<title>请稍候</title>".encode())[1] or "").startswith("unnamed: ")
    assert classify(200, HTML, b"<title>404</title>")[0] is Outcome.SOFT_404


def test_no_annotated_real_page_is_taken_for_anything_but_content(shared: Path) -> None:
    folder = shared / "pages"
    for line in (folder / "pages.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        page = (folder / row["file"]).read_bytes()
        for document in (False, True):
            found = classify(200, HTML, page, url=row["url"], document=document)
            assert found == (Outcome.OK, None), row["file"]


def test_no_page_written_for_the_reader_is_taken_for_anything_but_content() -> None:
    folder = Path(__file__).parents[1] / "reading" / "field_pages"
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = [row for row in rows if row["kind"] in ("document", "list", "home")]
    assert len(documents) > 20
    for row in documents:
        page = (folder / f"{row['id']}.html").read_bytes()
        found = classify(200, HTML, page, url=row["url"], document=row["kind"] == "document")
        assert found == (Outcome.OK, None), row["id"]


@given(st.integers(0, 999), st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=4), st.binary())
def test_every_answer_has_an_outcome(status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    outcome, detail = classify(status, headers, body, url="http://a.test/")
    assert outcome is Outcome.OK or detail


@pytest.mark.parametrize(
    "piece", [b"<", b"<script", b"<script>", b"<!--", b"<title", b"<a ", b"<meta ", b">", b" ", b"<style><"]
)
def test_no_page_takes_long_to_look_at(piece: bytes) -> None:
    page = piece * (3_000_000 // len(piece)) + b"<html"
    started = time.process_time()
    classify(200, HTML, page)
    assert time.process_time() - started < 4
