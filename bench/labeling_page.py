"""The labeling page in a real Chromium on a live service: what a person waits for.

    python bench/labeling_page.py

A web server, a worker, PostgreSQL and the queue are started as the tests start them. Measured, each from the browser's
own clock: from a key press to the next task painted (queue prefetched), from asking for the page to its first task
(warm server), the compressed script of the first load, the opening of a text of 100,000 characters with 1,000 spans
and 300 relations drawn over it, the frames while scrolling through it, and from a key to the next relation highlighted.
The last line is JSON.
"""

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Runs inside the page. A frame is painted after the callback of the next one has begun.
PRESS = """(keys) => new Promise((done) => {
  const times = [];
  const text = () => document.querySelector('.lp-text')?.textContent;
  const step = () => {
    if (times.length === keys) return done(times);
    const before = text();
    const began = performance.now();
    document.dispatchEvent(new KeyboardEvent('keydown', {key: '1', code: 'Digit1', bubbles: true, cancelable: true}));
    const look = () => {
      if (text() === before) return performance.now() - began > 5000 ? done(times) : requestAnimationFrame(look);
      requestAnimationFrame(() => { times.push(performance.now() - began); setTimeout(step, 150); });
    };
    look();
  };
  step();
})"""
SCROLL = """(seconds) => new Promise((done) => {
  const box = document.querySelector('.lp-main');
  const most = box.scrollHeight - box.clientHeight;
  const deltas = [];
  let last = performance.now();
  const began = last;
  const frame = (now) => {
    deltas.push(now - last);
    last = now;
    box.scrollTop = most * Math.min(1, (now - began) / (seconds * 1000));
    if (now - began < seconds * 1000) requestAnimationFrame(frame);
    else done(deltas.slice(1));
  };
  requestAnimationFrame(frame);
})"""
SCRIPTS = ("page.js", "page-en.js", "page-zh-hans.js")


# From the key to the frame in which another relation is the chosen one.
NEXT_RELATION = """(keys) => new Promise((done) => {
  const times = [];
  const chosen = () => document.querySelector('.lp-arc[data-chosen]')?.dataset.arc;
  const step = () => {
    if (times.length === keys) return done(times);
    const before = chosen();
    const began = performance.now();
    const key = {key: '}', code: 'BracketRight', bubbles: true, cancelable: true};
    document.dispatchEvent(new KeyboardEvent('keydown', key));
    const look = () => {
      if (chosen() === before || chosen() === undefined) {
        return performance.now() - began > 5000 ? done(times) : requestAnimationFrame(look);
      }
      requestAnimationFrame(() => { times.push(performance.now() - began); setTimeout(step, 100); });
    };
    look();
  };
  step();
})"""


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def make_projects(ann: Any, keys: int) -> tuple[int, int]:
    """Make a project of short texts and one of a long text with a thousand spans as its draft; return their ids."""
    from labeling.models import Draft
    from labeling.services.project import create_project, schema_for_labels
    from tests.e2e.test_labeling_page import eventually
    from tests.labeling.versions import version

    short = version(ann, {"text": [f"message number {number}, as short as they are" for number in range(keys + 40)]})
    schema = schema_for_labels(labels=["ham", "spam"], text_field="text")
    quick, _job = create_project(actor=ann, version_id=short.pk, name="Short", schema=schema, suggest_every=0)
    words = "The quick brown fox of 上海 jumps 👩‍🚀 over it. "
    text = (words * (100_000 // len(words) + 1))[:100_000]
    long = version(ann, {"text": [text]})
    labels = [{"value": value} for value in ("PER", "LOC", "ORG")]
    spans = {"name": "names", "type": "spans", "field": "text", "labels": labels}
    relations = {
        "name": "ties",
        "type": "relations",
        "spans": "names",
        "labels": [{"value": "knows"}, {"value": "leads"}],
    }
    asked = {"display": [{"type": "text", "field": "text"}], "controls": [spans, {**relations, "required": False}]}
    heavy, _job = create_project(actor=ann, version_id=long.pk, name="Long", schema=asked, suggest_every=0)
    eventually(lambda: quick.tasks.count() == short.row_count and heavy.tasks.count() == 1)
    answer = [
        {"id": f"s{n}", "start": n * 100, "end": n * 100 + 30, "label": labels[n % 3]["value"]} for n in range(1000)
    ]
    quoted = [{**row, "text": text[row["start"] : row["end"]]} for row in answer]
    # Most to a near span, every tenth across a tenth of the text.
    ends = [(3 * n, (3 * n + (100 if n % 10 == 0 else 1 + n % 3)) % 1000) for n in range(300)]
    ties = [{"from": f"s{a}", "to": f"s{b}", "label": ("knows", "leads")[a % 2]} for a, b in ends]
    kept = {"annotator_id": ann.user_id, "answer": {"names": quoted, "ties": ties}, "saved_at": "2026-01-01T00:00Z"}
    Draft.objects.create(task=heavy.tasks.get(), **kept)
    return quick.pk, heavy.pk


def measure(page: Any, quick: int, heavy: int, keys: int) -> dict[str, Any]:
    """Return the figures of one page object, in milliseconds where nothing else is said."""
    usable = [open_page(page, quick, ".lp-text") for _warm in range(6)]
    pressed = page.evaluate(PRESS, keys)
    opened = [open_page(page, heavy, ".lp-spans mark") for _warm in range(4)]
    page.locator(".lp-spans[aria-busy=false]").wait_for()
    whole = page.evaluate("performance.now()")
    marks = page.locator(".lp-spans mark").count()
    page.locator(".lp-arc").first.wait_for()
    deltas = page.evaluate(SCROLL, 5)
    drawn = page.locator(".lp-arc").count()
    page.evaluate("document.querySelector('.lp-main').scrollTop = 0")
    relations = page.evaluate(NEXT_RELATION, 30)
    return {
        "keys": len(pressed),
        "key_to_next_task_ms": {"p50": statistics.median(pressed), "p95": share(pressed, 0.95), "max": max(pressed)},
        "page_usable_ms": {"first": usable[0], "p50_warm": statistics.median(usable[1:]), "max_warm": max(usable[1:])},
        "long_text_open_ms": {"first_screen_max": max(opened), "all_laid_out": whole, "marks": marks},
        "relations": {
            "of": 300,
            "drawn_at_the_end": drawn,
            "keys": len(relations),
            "key_to_next_p50_ms": statistics.median(relations),
            "key_to_next_p95_ms": share(relations, 0.95),
        },
        "scroll_frame_ms": {
            "frames": len(deltas),
            "p50": statistics.median(deltas),
            "p95": share(deltas, 0.95),
            "max": max(deltas),
            "frames_a_second": 1000 * len(deltas) / sum(deltas),
        },
    }


def open_page(page: Any, project: int, ready: str) -> float:
    """Open a project's labeling page and return the milliseconds from asking for it to what is waited for."""
    page.goto(f"/projects/{project}/label/")
    page.locator(ready).first.wait_for()
    return float(page.evaluate("performance.now()"))


def test_measure(chromium: Any, live_service: Any) -> None:
    """Collected by pytest alone, through `main`, for the fixtures that start the service."""
    from django.conf import settings

    from tests import factories
    from tests.e2e.test_labeling_page import busy_connections, eventually, session_of

    keys = int(os.environ["ASSAY_BENCH_KEYS"])
    ann = factories.owner("Bench")
    quick, heavy = make_projects(ann, keys)
    context = chromium.new_context(base_url=live_service.url, viewport={"width": 1280, "height": 900})
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_of(ann.user_id), "url": live_service.url}
    context.add_cookies([cookie])
    found = measure(context.new_page(), quick, heavy, keys)
    context.set_offline(True)
    context.close()
    eventually(lambda: busy_connections() == 0)
    folder = ROOT / "labeling" / "static" / "labeling" / "page"
    # The page and the words of one language, the longer one.
    sizes = {name: len(gzip.compress((folder / name).read_bytes(), 9)) for name in SCRIPTS}
    first_load = sizes.pop("page.js") + max(sizes.values())
    ran_on = {"chromium": chromium.browser.version, "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    result = {**ran_on, "script_gzip_kb": first_load / 1000, **found}
    Path(os.environ["ASSAY_BENCH_RESULT"]).write_text(json.dumps(result))
    assert found["keys"] == keys
    assert found["long_text_open_ms"]["marks"] >= 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100, help="how many tasks are answered by one key each")
    parser.add_argument("--result", type=Path, default=Path("/tmp/labeling_page.json"))
    chosen = parser.parse_args()
    environment = {**os.environ, "ASSAY_BENCH_KEYS": str(chosen.keys), "ASSAY_BENCH_RESULT": str(chosen.result)}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:randomly", str(Path(__file__))]
    code = subprocess.run(
        [*command, "-p", "tests.conftest", "-p", "tests.live"], env=environment, cwd=ROOT, check=False
    ).returncode
    if code:
        sys.exit(code)
    result = json.loads(chosen.result.read_text())
    for name, value in result.items():
        shown = {k: round(v, 1) for k, v in value.items()} if isinstance(value, dict) else value
        print(f"{name}: {shown}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
