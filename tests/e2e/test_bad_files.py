"""Every bad file through the real upload and import routes: no server error, good rows kept, memory bounded."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import psutil
import pytest

from assay_client import Client, InvalidRequest, Job, JobFailed, Upload
from tests import factories
from tests.curation.engine.test_bad_files import OTHER_KINDS, READ, REFUSED
from tests.data.make_bad import make
from tests.e2e.test_labeling_page import eventually
from tests.live import LiveService
from workers.models import Job as StoredJob

pytestmark = pytest.mark.slow

# The largest of these files unfolds to 300 MB, and one line nests 100,000 lists. No process may grow by more than this.
GROWTH_LIMIT = 150 * 2**20


@pytest.fixture
def client(live_service: LiveService) -> Iterator[Client]:
    with Client(live_service.url, factories.secret(factories.owner()), retries=0) as client:
        yield client


@dataclass(frozen=True)
class Peak:
    """The highest resident memory, in bytes, that a process of web server or worker ever had.

    Attributes:
        parent: The process that started it: its siblings do the same work.
        now: What it holds at the moment, by kind, as the kernel names them.
    """

    parent: int
    size: int
    command: str
    now: str


def peaks(service: LiveService) -> dict[int, Peak]:
    found = {}
    for top in (service.web.pid, service.worker.pid):
        for process in (psutil.Process(top), *psutil.Process(top).children(recursive=True)):
            lines = dict(
                line.split(":", 1)
                for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
                if ":" in line
            )
            now = ", ".join(f"{name} {lines[name].strip()}" for name in ("RssAnon", "RssFile", "RssShmem"))
            size = int(lines["VmHWM"].split()[0]) * 1024
            found[process.pid] = Peak(process.ppid(), size, " ".join(process.cmdline())[-80:], now)
    return found


def grown(before: dict[int, Peak], after: dict[int, Peak]) -> dict[int, str]:
    """Return who grew beyond the limit, and what it is.

    One process of a pool may not have worked before: it is measured from the sibling that had.
    """
    base: dict[int, int] = {}
    for peak in before.values():
        base[peak.parent] = max(base.get(peak.parent, 0), peak.size)
    return {
        number: f"{(peak.size - before[number].size) >> 20} MB to {peak.size >> 20} MB ({peak.now}): {peak.command}"
        for number, peak in after.items()
        # Kernels are compiled in a process of their own, whenever a worker has just started.
        if number in before
        and "curation.engine.warming" not in peak.command
        and peak.size - base[peak.parent] > GROWTH_LIMIT
    }


def send(client: Client, dataset: int, path: Path) -> Upload | str:
    """Return the upload, or the code with which the service refused it."""
    try:
        return client.uploads.send(dataset, path)
    except InvalidRequest as error:
        return error.code


def ending(client: Client, job: Job) -> Job:
    try:
        return client.jobs.wait(job, timeout=120)
    except JobFailed as error:
        return error.job


def refused_codes(client: Client, upload: Upload, folder: Path) -> list[str]:
    if not client.uploads.get(upload.id).refused_count:
        return []
    client.uploads.save_refused(upload.id, folder / "refused.csv")
    text = (folder / "refused.csv").read_text(encoding="utf-8-sig")
    return [row["code"] for row in csv.DictReader(StringIO(text))]


def test_every_file_gets_what_is_expected_of_it(live_service: LiveService, client: Client, tmp_path: Path) -> None:
    names = make(tmp_path / "bad")
    dataset = client.datasets.create("bad files").id
    # One good import first: what every process loads once is no growth.
    (tmp_path / "good.csv").write_text("id,text,label\n1,hello,a\n")
    good = client.uploads.send(dataset, tmp_path / "good.csv")
    assert ending(client, client.uploads.start_import(good.id)).state == "succeeded"
    # And no job of an earlier test that loads a model meanwhile.
    eventually(lambda: not StoredJob.objects.filter(finished_at=None).exists(), seconds=120)
    before = peaks(live_service)

    uploads = {name: send(client, dataset, tmp_path / "bad" / name) for name in names}
    sent = {name: upload for name, upload in uploads.items() if isinstance(upload, Upload)}
    assert {name: code for name, code in uploads.items() if isinstance(code, str)} == {
        name: "file_empty" for name, code in REFUSED.items() if code == "file_empty"
    }
    jobs = {name: client.uploads.start_import(upload.id) for name, upload in sent.items()}
    ended = {name: ending(client, job) for name, job in jobs.items()}

    # Whatever the file, the job ends with a result or with a reason, never with an error of ours.
    unexpected = [name for name, job in ended.items() if (job.error or {}).get("code") in {"unexpected", "worker_lost"}]
    assert unexpected == []
    others = {name for name in names if name.startswith(OTHER_KINDS)} - set(REFUSED)
    expected_errors = dict.fromkeys(others, "other_format")
    expected_errors |= {name: code for name, code in REFUSED.items() if code != "file_empty"}
    expected_errors |= {name: "no_good_rows" for name, (kept, _codes, _warnings) in READ.items() if not kept}
    assert {name: (job.error or {}).get("code") for name, job in ended.items() if job.error} == expected_errors
    read = {
        name: (job.result["rows"], refused_codes(client, sent[name], tmp_path), len(job.result["warnings"]))
        for name, job in ended.items()
        if job.result
    }
    assert read == {name: row for name, row in READ.items() if row[0]}
    kinds = Counter(StoredJob.objects.values_list("kind", flat=True))
    assert grown(before, peaks(live_service)) == {}, f"the jobs were {dict(kinds)}"


def test_hostile_strings_stay_text_on_their_way_through(client: Client, tmp_path: Path) -> None:
    make(tmp_path / "bad")
    file = tmp_path / "bad" / "xss" / "strings.csv"
    upload = client.uploads.send(client.datasets.create("hostile").id, file)
    version = ending(client, client.uploads.start_import(upload.id)).result["version"]

    with file.open(encoding="utf-8", newline="") as stream:
        written = [row["text"] for row in csv.DictReader(stream)]

    assert [item["text"] for item in client.versions.items(version)] == written
