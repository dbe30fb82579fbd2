"""The status page as a browser gets it: whole, escaped, alone, and what a person wants to know at night."""

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from rig.base import free_port, wait_until
from rig.healthd import Healthd, slow
from rig.leaks import sanitised

VOID = {"meta", "link"}


class Document(HTMLParser):
    """Every tag is closed in order; keeps elements, their text, and what the document refers to."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.references, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.elements.append([tag, named, ""])
        self.ids += [named["id"]] if "id" in named else []
        self.references += [named[k] for k in ("href", "src", "action", "data") if k in named]
        assert not [k for k in named if k.startswith("on") or k == "style"], named
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.elements and self.open and self.open[-1] == self.elements[-1][0]:
            self.elements[-1][2] += data

    def all(self, tag):
        return [e for e in self.elements if e[0] == tag]

    def text(self, tag):
        return self.all(tag)[0][2]


def page(h, path="/status"):
    answer = h.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return answer, Document(answer.body)


def test_what_a_person_sees(start, redis_server):
    redis = redis_server()
    h = Healthd(
        start,
        "--check", f"cache {redis.url()} every 200ms",
        "--check", f"search http://127.0.0.1:{free_port()}/ optional groups web",
        "--alias", "/s=/status",
        env={"SERVICE_NAME": "<b>todo & more</b>", "SERVICE_VERSION": "3.0.0"},
    )  # fmt: skip
    h.until("[+]cache ok", slow(1), "cache")
    h.until("degraded: refused", slow(1), "search")
    _, document = page(h)
    assert document.text("h1") == "Ready, with problems"
    assert document.text("title") == "Ready, with problems: <b>todo & more</b>"
    redis.sigkill()
    h.until("failed: refused", slow(1), "cache")
    answer, document = page(h, "/s")
    assert document.text("h1") == "Not ready"
    assert re.search(r'cache</a> is down: <b>refused</b>, since <time datetime="20', answer.body)
    assert [e[1]["id"] for e in document.all("article")] == ["check-cache", "check-search"]
    words = [e[2] for e in document.all("desc")]
    assert any(re.search(r"Down from \d\d:\d\d to now|down from \d\d:\d\d to now", w) for w in words), words
    assert "The connection was refused: nothing listens there." in answer.body
    assert answer.headers["refresh"] == "5"
    assert "refresh" not in page(h, "/status?pause")[0].headers


def test_for_everybody(start):
    """Landmarks, one h1, labels that lead somewhere, headers of tables, words for pictures, a title and a language."""
    h = Healthd(start, "--check", f"cache redis://127.0.0.1:{free_port()}")
    h.until("failed: refused", slow(1), "cache")
    _, document = page(h)
    assert [len(document.all(tag)) for tag in ("h1", "main", "header", "footer", "title")] == [1, 1, 1, 1, 2]
    assert document.all("html")[0][1]["lang"] == "en"
    assert len(document.ids) == len(set(document.ids))
    for _, named, _ in document.elements:
        for name in named.get("aria-labelledby", "").split():
            assert name in document.ids
    assert all(e[1].get("scope") in ("col", "row") for e in document.all("th"))
    for _, named, _ in document.all("svg"):
        assert named.get("aria-hidden") == "true" or named["role"] == "img"
    for reference in document.references:
        assert reference[0] in "#?" or reference.startswith("data:image/svg+xml,"), reference
        if reference.startswith("#"):
            assert reference[1:] in document.ids


def test_nothing_but_the_document(start):
    """The policy lets in the one style that is there, and nothing else."""
    h = Healthd(start, "--check", f"cache redis://127.0.0.1:{free_port()}")
    answer, document = page(h)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    style = document.text("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert "url(" not in style and "@import" not in style
    assert not document.all("script")
    assert len(answer.body) < 16384


def test_withheld(start):
    for details, headers, status in [
        ("never", {}, 403),
        ("local", {}, 200),
        ("local", {"X-Real-IP": "1.2.3.4"}, 403),
        ("always", {"Via": "1.1 proxy"}, 200),
    ]:
        h = Healthd(start, "--details", details, "--check", f"cache redis://127.0.0.1:{free_port()}")
        answer = h.get("/status", headers=headers)
        assert answer.status == status
        assert ("cache" in answer.body) == (status == 200)
        Document(answer.body)


def test_a_storm_of_readers(start):
    """The page is built once a second, however many ask; memory does not grow with them."""
    lines = [word for i in range(40) for word in ("--check", f"c{i} redis://127.0.0.1:{free_port()} every 1h")]
    h = Healthd(start, *lines)
    wait_until(lambda: h.ready() == 503, slow(1))
    first = [h.get("/status").status for _ in range(50)]
    before = h.process.rss_kib()
    assert first == [200] * 50
    assert {h.get("/status").status for _ in range(500)} == {200}
    assert h.process.rss_kib() <= before + sanitised(640)


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_browser(start, scratch):
    """A browser has nothing to complain of: the style is let in, and nothing is asked for that the policy forbids."""
    h = Healthd(start, "--check", f"cache redis://127.0.0.1:{free_port()}")
    h.until("failed: refused", slow(1), "cache")
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={scratch}"]
    shot = scratch / "page.png"
    url = f"http://127.0.0.1:{h.port}/status?pause"
    done = subprocess.run([*words, f"--screenshot={shot}", url], capture_output=True, text=True, timeout=slow(12))
    assert done.returncode == 0 and shot.stat().st_size > 10000, done.stderr
    assert "CONSOLE" not in done.stderr, done.stderr
