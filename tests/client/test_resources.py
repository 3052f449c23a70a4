import json

import httpx
import pytest

from assay_client import JobCancelled, JobFailed, JobTimedOut, answer_to
from assay_client._resources.dataset import batches
from tests.client.scripted import Script, job, ok


def dataset(number: int) -> dict:
    return {"id": number, "name": f"set {number}"}


def test_a_list_goes_on_to_the_next_page_at_its_own_address():
    script = Script(
        ok({"results": [dataset(2)], "next": "http://inner-name:8000/api/v1/datasets/?cursor=abc&page_size=200"}),
        ok({"results": [dataset(1)], "next": None}),
    )

    assert [row.id for row in script.client().datasets.list()] == [2, 1]

    assert str(script.requests[1].url) == "http://assay.test/api/v1/datasets/?cursor=abc&page_size=200"


def test_items_stop_at_a_short_page():
    full = {"results": [{"item_id": number} for number in range(200)]}
    script = Script(ok(full), ok({"results": [{"item_id": 200}]}))

    assert sum(1 for _ in script.client().versions.items(3, label="spam")) == 201

    assert [dict(request.url.params) for request in script.requests] == [
        {"label": "spam", "offset": "0", "limit": "200"},
        {"label": "spam", "offset": "200", "limit": "200"},
    ]


def test_an_upload_streams_the_file_and_tells_how_far_it_is(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_bytes(b"text\n" + b"hello\n" * 50_000)
    script = Script(ok({"id": 5, "dataset": 3, "file_name": "texts.csv", "byte_count": 300_005}, 201))
    seen: list[tuple[int, int]] = []

    upload = script.client().uploads.send(
        3, file, licence="MIT", on_progress=lambda done, total: seen.append((done, total))
    )

    assert upload.id == 5
    assert seen[-1] == (300_005, 300_005)
    assert len(seen) > 4
    body = script.requests[0].content
    assert body.count(b"hello\n") == 50_000
    assert b'name="licence"' in body
    assert b'filename="texts.csv"' in body


def test_an_upload_that_never_arrived_is_sent_from_its_beginning(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"text\nhello\n")
    script = Script(
        httpx.ConnectError("refused"), ok({"id": 5, "dataset": 3, "file_name": "a.csv", "byte_count": 11}, 201)
    )

    script.client().uploads.send(3, file)

    assert b"text\nhello\n" in script.requests[1].content


def test_waiting_looks_ever_less_often_and_shows_each_look():
    states = [
        job("queued"),
        *(job("running", done=n, total=8) for n in range(8)),
        job("succeeded", result={"version": 9}),
    ]
    script = Script(*(ok(state) for state in states))
    seen: list[tuple[str, float | None]] = []

    done = script.client().jobs.wait(4, lambda each: seen.append((each.state, each.fraction)))

    assert done.result == {"version": 9}
    assert seen[0] == ("queued", None)
    assert seen[5] == ("running", 0.5)
    assert seen[-1] == ("succeeded", None)
    assert script.pauses[0] == 0.1
    assert script.pauses == sorted(script.pauses)
    assert max(script.pauses) <= 2.0


def test_a_failed_job_says_why():
    error = {"code": "file_empty", "detail": "The file is empty."}
    script = Script(ok(job("failed", error=error)))

    with pytest.raises(JobFailed, match="The file is empty") as caught:
        script.client().jobs.wait(4)

    assert caught.value.code == "file_empty"
    assert caught.value.job.id == 4


def test_a_cancelled_job_is_its_own_exception():
    with pytest.raises(JobCancelled):
        Script(ok(job("cancelled"))).client().jobs.wait(4)


def test_waiting_ends_in_time_and_the_job_goes_on():
    with pytest.raises(JobTimedOut, match="it goes on"):
        Script(ok(job("running"))).client().jobs.wait(4, timeout=0.0)


def test_many_texts_are_predicted_in_parts_and_keep_their_order():
    def answer(count: int, label: str) -> httpx.Response:
        rows = [{"label": label, "probabilities": {label: 0.75, "other": 0.25}}] * count
        return ok({"predictions": rows, "bundle": "ab" * 32, "model": 1, "milliseconds": 1.0})

    script = Script(answer(256, "spam"), answer(44, "ham"))

    found = script.client().deployments.predict("spam-filter", ["x"] * 300)

    assert [row.label for row in found] == ["spam"] * 256 + ["ham"] * 44
    assert found[0].confidence == 0.75
    assert found[0].bundle == "ab" * 32
    assert script.requests[0].url.path == "/api/v1/deployments/spam-filter/predict/"


def test_an_answer_names_its_task_its_lease_and_a_key_of_its_own():
    task = {"id": 93, "lease": {"token": "abc"}}

    first, second = answer_to(task, {"label": ["spam"]}), answer_to(task, None, reason="unreadable")

    assert first["client_key"] != second["client_key"]
    assert (first["task"], first["lease"], first["skipped"]) == (93, "abc", False)
    assert (second["answer"], second["skipped"], second["reason"]) == (None, True, "unreadable")


def test_pushed_rows_go_in_batches_under_one_key_and_are_sent_again_when_lost():
    script = Script(
        httpx.ReadTimeout("lost"),
        ok(job("queued", id=1), 202),
        ok(job("queued", id=2), 202),
        ok(job("queued", id=3), 202),
    )
    rows = ({"n": number} for number in range(20_001))

    jobs = list(script.client().datasets.push(3, rows, key="night-7", licence="MIT", source=""))

    assert [each.id for each in jobs] == [1, 2, 3]
    keys = [request.headers["Idempotency-Key"] for request in script.requests]
    assert keys == ["night-7-1", "night-7-1", "night-7-2", "night-7-3"]
    bodies = [json.loads(request.content) for request in script.requests]
    assert bodies[0] == bodies[1]
    assert [len(body["rows"]) for body in bodies[1:]] == [10_000, 10_000, 1]
    assert bodies[3] == {"rows": [{"n": 20_000}], "licence": "MIT"}


def test_large_rows_are_cut_by_their_bytes():
    rows = [{"text": "长" * 1_000_000}] * 5

    assert [len(batch) for batch in batches(rows)] == [2, 2, 1]
