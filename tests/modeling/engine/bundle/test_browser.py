"""The example for browsers: its tokenizer against the library's, its answers against the runtime's."""

import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from curation.engine.embedding.table import get_encoder
from modeling.engine.bundle.browser import FOLDER
from modeling.engine.serving import Predictor
from tests.modeling.engine.conftest import demo_rows
from tests.modeling.engine.small_bundle import graph, members_of, small_bundle

RUNTIME = Path(__file__).resolve().parents[4] / "web" / "node_modules" / "onnxruntime-web" / "dist"
NEEDED = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
CUT = (
    "const [where, tokenizer, texts] = process.argv.slice(1);"
    "const { readFileSync } = await import('fs');"
    "const { makeTokenizer } = await import(where);"
    "const read = (path) => JSON.parse(readFileSync(path, 'utf8'));"
    "process.stdout.write(JSON.stringify(read(texts).map(makeTokenizer(read(tokenizer)))));"
)
ODD = [
    "",
    " ",
    "\n",
    "a" * 3000,
    "x " * 1000,
    "\u4f60" * 1000,
    "\u0301a",
    "[SEP] [sep]x[PAD]",
    "</s><s>\u2581",
    "\u039f\u0394\u039f\u03a3 \u0130\u0131\u017f\u212a",
    "\ufb01\u2460\u2167\u338f\uff71\uff72\uff80\uff9e",
    "\U0001f44d\U0001f3fd\u200d\U0001f469 caf\u00e9 cafe\u0301",
    "a\u00a0b\u3000c\u200bd\ufeffe\u2028f\tg\r\nh\x00i\x07j\ufffdk",
    "\u0e01\u0e33 \u0939\u093f\u0928\u094d\u0926\u0940 \u0627\u064e",
    "222222 2222 $5.00/week!! a_b-c",
]


@pytest.mark.parametrize("encoder", ["minilm", "e5-small"])
def test_texts_are_cut_as_the_library_cuts_them(encoder, tmp_path):
    texts = [*demo_rows("sms_spam")[0][::4], *demo_rows("reviews_zh")[0][::8], *ODD]
    tokenizer = get_encoder(encoder).tokenizer().to_str()
    (tmp_path / "tokenizer.json").write_text(tokenizer, "utf-8")
    (tmp_path / "texts.json").write_text(json.dumps(texts), "utf-8")
    shutil.copy(FOLDER / "tokenizer.js", tmp_path / "tokenizer.mjs")
    files = [str(tmp_path / name) for name in ("tokenizer.mjs", "tokenizer.json", "texts.json")]
    done = subprocess.run(
        ["node", "--input-type=module", "-e", CUT, *files], capture_output=True, text=True, check=True, timeout=120
    )
    whole = Tokenizer.from_str(tokenizer)
    for text, ids in zip(texts, json.loads(done.stdout), strict=True):
        assert ids == whole.encode(text).ids, text[:80]


class Files(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a log."""

    def log_message(self, *arguments):
        pass


@pytest.fixture
def page(tmp_path, chromium):
    """A browser's page, and a server of the folder `site` that it can open."""
    site = tmp_path / "site"
    site.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *one: Files(*one, directory=str(site)))
    threading.Thread(target=server.serve_forever).start()
    context = chromium.new_context(locale="en-US")
    yield context.new_page(), site, f"http://127.0.0.1:{server.server_port}/browser/index.html"
    context.close()
    server.shutdown()
    server.server_close()


def unpacked(content: bytes, site: Path, *, with_runtime: bool = True) -> None:
    members = members_of(content) | {f"browser/{path.name}": path.read_bytes() for path in FOLDER.iterdir()}
    for name, data in members.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(data)
    if with_runtime:
        (site / "browser" / "ort").mkdir()
        for name in NEEDED:
            assert (RUNTIME / name).exists(), "onnxruntime-web is missing: npm ci in web/"
            shutil.copy(RUNTIME / name, site / "browser" / "ort")


def pieces() -> bytes:
    """Return a tokenizer of BERT's kind with the words of the small graph."""
    settings = json.loads(get_encoder("minilm").tokenizer().to_str())
    words = ["[UNK]", "free", "prize", "call", "hello", "##home", "[CLS]", "[SEP]"]
    settings["model"]["vocab"] = {word: place for place, word in enumerate(words)}
    settings["added_tokens"] = [
        {**one, "id": words.index(one["content"])} for one in settings["added_tokens"] if one["content"] in words
    ]
    for token in settings["post_processor"]["special_tokens"].values():
        token["ids"] = [words.index(token["id"])]
    return json.dumps(settings).encode()


def test_the_page_answers_as_the_runtime_does(page, tmp_path):
    opened, site, address = page
    bundle = small_bundle(
        tmp_path / "b.zip", graph([0.1, 0.3, 0.5, 0.2, -0.4, -0.7, 0.15, -0.05]), tokenizer_json=pieces()
    )
    unpacked(bundle.read_bytes(), site)
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address)
    opened.wait_for_selector("#ask:not([hidden])")
    texts = [
        "free prize",
        "Hellohome!",
        "CALL \u4f60\u597d",
        "",
        *demo_rows("sms_spam")[0][:20],
        *demo_rows("reviews_zh")[0][:20],
    ]
    found = opened.evaluate("async (texts) => Promise.all(texts.map((one) => window.model.predict(one)))", texts)
    for text, here, there in zip(texts, found, Predictor(bundle).predict(texts), strict=True):
        assert here["label"] == there["label"], text
        assert here["probabilities"] == pytest.approx(there["probabilities"], abs=1e-5), text
    opened.fill("#given", "free prize\nhellohome")
    opened.focus("#given")
    opened.keyboard.press("Control+Enter")
    opened.wait_for_selector("article:nth-of-type(2)")
    assert opened.locator("article h2").all_inner_texts() == ["spam", "ham"]
    opened.click("#language")
    assert opened.inner_text("h1") == "\u6d4f\u89c8\u5668\u4e2d\u7684\u6a21\u578b"
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {address.split("/")[2]}


def test_a_missing_runtime_is_said(page, tmp_path):
    opened, site, address = page
    unpacked(small_bundle(tmp_path / "b.zip", tokenizer_json=pieces()).read_bytes(), site, with_runtime=False)
    opened.goto(address)
    opened.wait_for_selector("#state:has-text('readme.md says how to get it')")


def test_a_tokenizer_of_another_kind_is_named(page, tmp_path):
    opened, site, address = page
    unpacked(small_bundle(tmp_path / "b.zip").read_bytes(), site)
    opened.goto(address)
    opened.wait_for_selector("#state:has-text('does not know the pre-tokenizer \"Whitespace\"')")
