"""HEAD, conditional and partial requests, and the framework's own refusals."""

import httpx
import pytest

from tests.conftest import DATA, StartServer, assert_problem

SCRIPT = "/static/swagger-ui/swagger-ui-bundle.js"
PATHS = ["/", "/docs", "/openapi.json", "/experiments", "/experiments/cnn_a", "/metrics", "/execution-parameters",
         "/v1/models/cnn_a", "/v1/models/cnn_a/metadata", "/static/style.css", "/ping"]  # fmt: skip


def figure(client: httpx.Client) -> str:
    page = client.get("/experiments", headers={"accept": "text/html"}).text
    return "/figures/" + page.partition("figures/")[2].partition('"')[0]


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_without_a_body(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"] if "content-type" in got.headers else True
    assert path in ("/metrics", "/ping") or head.headers["content-length"] == got.headers["content-length"]


def test_head_of_what_is_not_there_is_as_get_s(client: httpx.Client) -> None:
    assert client.head("/nothing").status_code == 404
    assert client.head("/experiments/nothing").status_code == 404
    refused = client.head("/predict")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    assert client.delete("/experiments").headers["allow"] == "GET, HEAD"


def test_a_figure_and_a_file_are_not_sent_to_who_has_them(client: httpx.Client) -> None:
    for path in (figure(client), SCRIPT):
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert client.get(path, headers={"if-none-match": '"another"'}).content == first.content
        since = {"if-modified-since": first.headers["last-modified"]}
        assert client.get(path, headers=since).status_code == 304


def test_a_file_is_not_sent_to_who_asks_for_another_one(client: httpx.Client) -> None:
    for path in (figure(client), SCRIPT):
        first = client.get(path, headers={"accept-encoding": "identity"})
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        earlier = "Thu, 01 Jan 2026 00:00:00 GMT"
        for method in ("GET", "HEAD"):
            for asked in ({"if-match": tag}, {"if-match": f'"another", {tag}'}, {"if-match": "*"},
                          {"if-unmodified-since": modified}, {"if-unmodified-since": "not a date"},
                          {"if-match": tag, "if-unmodified-since": earlier}):  # fmt: skip
                assert client.request(method, path, headers=asked).status_code == 200, asked
            for asked in ({"if-match": '"another"'}, {"if-match": f"W/{tag}"}, {"if-match": ""},
                          {"if-match": '"another"', "if-unmodified-since": modified}):  # fmt: skip
                refused = client.request(method, path, headers=asked | {"range": "bytes=0-9"})
                assert refused.status_code == 412, asked
        assert_problem(client.get(path, headers={"if-match": '"another"'}), 412, f"entity tag is {tag}", "If-Match")
        old = client.get(path, headers={"if-unmodified-since": "Thu, 01 Jan 1970 00:00:01 GMT"})
        assert_problem(old, 412, modified, "If-Unmodified-Since")


def test_a_range_is_answered_and_one_that_cannot_be_is_refused_like_all_else(client: httpx.Client) -> None:
    for path in (figure(client), SCRIPT):
        assert client.get(path, headers={"range": "bytes=0-9"}).content == client.get(path).content[:10]
        beyond = client.get(path, headers={"range": "bytes=99999999-"})
        assert_problem(beyond, 416, "no such range")
        assert beyond.headers["content-range"].startswith("bytes */")
        for unreadable in ("bytes=a-b", "bytes=", "bytes=5-2"):
            assert_problem(client.get(path, headers={"range": unreadable}), 400, "Range cannot be read", "bytes=0-99")
        for of_another_unit in ("lines=0-9", "bytes", "0-9", ""):
            whole = client.get(path, headers={"range": of_another_unit})
            assert (whole.status_code, whole.content) == (200, client.get(path).content)
    assert_problem(client.get("/static/nothing.js"), 404, "/static/nothing.js")
    assert_problem(client.get("/figures/nothing.svg"), 404, "no figure")


def test_a_refused_preflight_is_a_problem_document(start_server: StartServer) -> None:
    url = start_server(SERVICE_CORS_ORIGINS="https://shop.example")
    asked = {"Access-Control-Request-Method": "POST", "Origin": "https://evil.example"}
    refused = httpx.options(f"{url}/predict", headers=asked)
    assert_problem(refused, 400, "Disallowed CORS origin")
    assert "access-control-allow-origin" not in refused.headers
    allowed = httpx.options(f"{url}/predict", headers=asked | {"Origin": "https://shop.example"})
    assert allowed.status_code == 200


def test_a_header_on_several_lines_is_one_list(client: httpx.Client) -> None:
    accept = [("accept", "text/csv;q=0.1"), ("accept", "text/markdown")]
    assert client.get("/experiments", headers=accept).headers["content-type"].startswith("text/markdown")
    picture = (DATA / "coat.png").read_bytes()
    names = [("x-amzn-sagemaker-custom-attributes", each) for each in ("tfs-model-name=cnn_b", "verbose=true")]
    answer = client.post("/invocations", content=picture, headers=[("content-type", "image/png"), *names])
    assert answer.json()["model"] == "cnn_b"
    assert answer.headers["x-amzn-sagemaker-custom-attributes"] == "tfs-model-name=cnn_b, verbose=true"
    for name, values, status in (
        ("content-type", ["image/png", "text/csv"], 415),
        ("content-encoding", ["identity", "gzip"], 415),
    ):
        headers = [("content-type", "image/png")] if name != "content-type" else []
        refused = client.post("/predict", content=picture, headers=[*headers, *((name, value) for value in values)])
        assert_problem(refused, status, ", ".join(values))


def test_a_refusal_that_is_a_page_for_browsers_says_what_it_depends_on(client: httpx.Client) -> None:
    for accept in ("*/*", "text/html"):
        refused = client.get("/nothing", headers={"accept": accept})
        assert refused.status_code == 404
        assert refused.headers["vary"].startswith("Accept")
