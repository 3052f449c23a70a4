"""Tokens, quotas, slow clients, slow models."""

import pytest

from modeling.engine.errors import EngineError
from modeling.engine.server.admission import Places, Quota
from modeling.engine.server.problem import Problem
from modeling.engine.server.settings import named_bundles, read_tokens
from tests.modeling.engine.server.running import read_all, running
from tests.modeling.engine.small_bundle import WORDS, looping, small_bundle

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("bundle") / "spam.zip")


def test_only_who_has_a_token_is_answered(bundle, tmp_path):
    (tmp_path / "tokens").write_text(f"# for the shop\nshop {TOKEN}\n")
    with running(("spam", bundle), tokens=read_tokens(tmp_path / "tokens", None)) as one:
        missing, wrong = one.ask("free"), one.ask("free", Authorization="Bearer correct-horse-batterx")
        assert (missing.status_code, missing.json()["code"]) == (401, "token_missing")
        assert (wrong.status_code, wrong.json()["code"]) == (401, "token_wrong")
        assert wrong.headers["www-authenticate"].startswith("Bearer")
        assert one.ask("free", Authorization=f"Bearer {TOKEN}").status_code == 200
        assert [one.client.get(path).status_code for path in ("/metrics", "/bundles")] == [401, 401]
        open_to_all = ("/", "/healthz", "/readyz", "/openapi.json")
        assert [one.client.get(path).status_code for path in open_to_all] == [200] * 4


def test_a_refused_client_is_not_made_to_send_its_body(bundle):
    with running(("spam", bundle), tokens={"0" * 64: "shop"}) as one:
        answer = read_all(one.raw(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n{"))
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close" in answer


def test_a_quota_counts_inputs_of_each_token(bundle, tmp_path):
    (tmp_path / "tokens").write_text(f"{TOKEN}\n{TOKEN}2\n")
    with running(("spam", bundle), tokens=read_tokens(tmp_path / "tokens", None), per_minute=3) as one:
        first, second = ({"Authorization": f"Bearer {TOKEN}{end}"} for end in ("", "2"))
        assert one.ask("a", "b", **first).status_code == 200
        spent = one.ask("a", "b", **first)
        assert (spent.status_code, spent.json()["code"]) == (429, "quota_spent")
        assert 1 <= int(spent.headers["retry-after"]) <= 20
        assert one.ask("a", "b", "c", "d", **first).json()["code"] == "quota_too_small"
        assert one.ask("a", "b", **second).status_code == 200


def test_a_quota_fills_again_evenly():
    quota = Quota(60)
    quota.take("a", 60, now=0)
    with pytest.raises(Problem) as refused:
        quota.take("a", 10, now=1)
    assert refused.value.headers == {"Retry-After": "9"}
    quota.take("b", 60, now=1)
    quota.take("a", 10, now=10)
    with pytest.raises(Problem):
        quota.take("a", 1, now=10.5)


def test_bodies_that_are_held_have_a_bound():
    places = Places(1, 10)
    places.hold(10)
    with pytest.raises(Problem) as refused:
        places.hold(1)
    assert (refused.value.status, refused.value.code) == (503, "bodies_too_many")
    places.release(10)
    places.hold(1)


@pytest.mark.parametrize(
    ("sent", "settings"),
    [
        (b"POST /predict HT", {"head_seconds": 0.2}),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{", {"body_seconds": 0.2}),
    ],
)
def test_a_slow_client_is_sent_away(bundle, sent, settings):
    with running(("spam", bundle), **settings) as one:
        answer = read_all(one.raw(sent))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"client_too_slow" in answer


def test_a_silent_connection_is_closed_without_a_word(bundle):
    with running(("spam", bundle), idle_seconds=0.2) as one:
        assert read_all(one.raw()) == b""


def test_one_connection_too_many_is_refused(bundle):
    with running(("spam", bundle), connections=1) as one:
        held = one.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert read_all(one.raw()).startswith(b"HTTP/1.1 503 ")
        held.close()


def test_a_slow_model_is_ended_and_its_place_is_free_again(tmp_path):
    slow = small_bundle(tmp_path / "slow.zip", looping(10**15, only_for=WORDS.index("prize")))
    with running(("slow", slow), seconds=0.5, at_once=1, waiting=0) as one:
        assert one.ask("hello").status_code == 200
        late = one.ask("prize")
        assert (late.status_code, late.json()["code"]) == (504, "model_too_slow")
        answers = (one.ask("hello") for _ in range(1000))
        # The thread is let go when the run has ended, a moment after its answer.
        assert next(answer for answer in answers if answer.status_code == 200)


@pytest.mark.parametrize(
    ("content", "sentence"), [("", "holds no token"), ("short\n", "at least 16"), ("a b c\n", "one word")]
)
def test_bad_tokens_stop_the_start(tmp_path, content, sentence):
    (tmp_path / "tokens").write_text(content)
    with pytest.raises(EngineError, match=sentence):
        read_tokens(tmp_path / "tokens", None)


def test_bundles_are_named_by_their_file_or_as_is_said(tmp_path):
    found = named_bundles(["/models/spam v2.zip", "news=/models/spam v2.zip"])
    assert {name: str(path) for name, path in found.items()} == {
        "spam-v2": "/models/spam v2.zip",
        "news": "/models/spam v2.zip",
    }
    for words in (["a.zip", "b/a.zip"], ["a/b=c.zip"], ["\u4f60.zip"]):
        with pytest.raises(EngineError) as refused:
            named_bundles(words)
        assert refused.value.code == "bundle_name"
