"""The command as a process of its own, against a real service."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay_client._command.exits import EXIT_CODES
from curation.demo import SETS
from tests import factories
from tests.live import ROOT, LiveService

Run = Callable[..., subprocess.CompletedProcess[str]]
TEXTS = ["free prize", "see you at six", "win cash now", "call me later", "lunch?"]


@pytest.fixture
def assay(tmp_path: Path) -> Run:
    """The command with its own configuration folder and nothing of ours in the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "DJANGO_"))}
    environment = {**kept, "XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1", "COLUMNS": "200"}

    def call(*arguments: str, given: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "assay_client", *arguments]
        return subprocess.run(
            command,
            env={**environment, **extra},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            input=given,
            timeout=120,
        )

    return call


@pytest.fixture
def signed_in(live_service: LiveService, assay: Run, tmp_path: Path) -> Run:
    """The command with the configuration that signing in writes; see the test of signing in."""
    secret = factories.secret(factories.owner())
    file = tmp_path / "config" / "assay" / "config.json"
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text(json.dumps({"url": live_service.url, "token": secret}))
    file.chmod(0o600)
    return assay


def csv_file(folder: Path) -> Path:
    file = folder / "texts.csv"
    rows = [f"{number},{text},{'spam' if number % 2 else 'ham'}" for number, text in enumerate(TEXTS, start=1)]
    file.write_text("id,text,label\n" + "\n".join([*rows, "6,free prize,spam"]) + "\n")
    return file


def test_signing_in_keeps_the_token_for_its_owner_alone(live_service: LiveService, assay: Run, tmp_path: Path) -> None:
    secret = factories.secret(factories.owner())

    done = assay("login", live_service.url + "/api/v1/", given=f"{secret}\n")

    file = tmp_path / "config" / "assay" / "config.json"
    assert done.returncode == 0, done.stderr
    assert json.loads(file.read_text()) == {"url": live_service.url, "token": secret}
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert secret not in done.stdout + done.stderr
    assert json.loads(assay("whoami", "--json").stdout)["role"] == "owner"
    assert assay("logout").returncode == 0
    assert not file.exists()


def test_a_wrong_token_is_refused_and_not_stored(live_service: LiveService, assay: Run, tmp_path: Path) -> None:
    done = assay("login", live_service.url, given="assay_wrong\n")

    assert done.returncode == 5
    assert done.stderr == "assay: This token is unknown, revoked or expired. Make a new one in your profile.\n"
    assert not (tmp_path / "config").exists()


def test_a_token_is_not_sent_unencrypted_to_another_machine(assay: Run) -> None:
    done = assay("login", "http://assay.example.com", given="assay_x\n")

    assert done.returncode == 2
    assert "Use https://, or say --insecure." in done.stderr


def test_a_stored_token_is_not_sent_to_another_address(signed_in: Run) -> None:
    done = signed_in("--url", "http://127.0.0.1:1", "jobs")

    assert done.returncode == 2
    assert done.stderr.startswith("assay: There is no token for http://127.0.0.1:1.")


def test_nobody_there_is_exit_code_3(assay: Run) -> None:
    done = assay("jobs", ASSAY_URL="http://127.0.0.1:1", ASSAY_TOKEN="assay_x")

    assert done.returncode == 3
    assert (
        done.stderr == "assay: Nobody answers at http://127.0.0.1:1. Is the service running, and the address right?\n"
    )


def test_without_an_address_it_says_how_to_sign_in(assay: Run) -> None:
    done = assay("datasets")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "assay: No service is named. Sign in once with: assay login https://your-service\n"


def test_import_and_curation_in_json(signed_in: Run, tmp_path: Path) -> None:
    imported = signed_in("import", str(csv_file(tmp_path)), "--dataset", "Texts", "--licence", "MIT", "--json")
    assert imported.returncode == 0, imported.stderr
    found = json.loads(imported.stdout)
    assert (found["number"], found["rows"], found["refused"]) == (1, 6, 0)
    assert "Importing: 100%" in imported.stderr

    curated = signed_in("--json", "curate", str(found["version"]), "--quiet")
    assert curated.returncode == 0, curated.stderr
    assert curated.stderr == ""
    result = json.loads(curated.stdout)
    assert (result["number"], result["rows_in"], result["rows"], result["dropped"]) == (2, 6, 5, 1)

    versions = json.loads(signed_in("versions", "Texts", "--json").stdout)
    assert [(row["number"], row["row_count"], row["licence"]) for row in versions] == [(2, 5, "MIT"), (1, 6, "MIT")]

    out = tmp_path / "curated.jsonl"
    assert signed_in("download", str(result["version"]), "-o", str(out)).returncode == 0
    assert [json.loads(line)["text"] for line in out.read_text().splitlines()] == TEXTS


def test_an_import_says_where_its_rows_come_from(signed_in: Run, tmp_path: Path) -> None:
    said = ("--consent", "signed form 7", "--collected", "2024-02-29")
    done = signed_in("import", str(csv_file(tmp_path)), "--dataset", "Texts", *said, "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(signed_in("versions", "Texts", "--json").stdout)[0]
    assert (row["number"], row["row_count"]) == (1, 6)
    assert (row["consent"], row["collected_on"]) == ("signed form 7", "2024-02-29")


def test_rows_pushed_twice_are_imported_once(signed_in: Run, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    first = signed_in("push", "-", "--dataset", "Live", "--json", given=lines)
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    assert found["rows"] == 5
    again = json.loads(signed_in("push", "-", "--dataset", "Live", "--json", given=lines).stdout)
    assert again == found
    assert len(json.loads(signed_in("versions", "Live", "--json").stdout)) == 1
    other = signed_in("push", "-", "--dataset", "Live", "--key", found["key"], given='{"text": "x"}\n')
    assert other.returncode == 4
    assert "Idempotency-Key was used for other rows" in other.stderr
    bad = signed_in("push", "-", "--dataset", "Live", given='{"text": "x"}\n[1]\n')
    assert (bad.returncode, bad.stderr) == (2, "assay: Line 2 of - is no JSON object. Nothing was sent.\n")


def test_rows_are_added_to_the_newest_version(signed_in: Run, tmp_path: Path) -> None:
    file = str(csv_file(tmp_path))
    first = json.loads(signed_in("import", file, "--dataset", "T", "--json").stdout)
    added = signed_in("import", file, "--dataset", "T", "--append")
    assert added.returncode == 0, added.stderr
    assert "(v2): 12 rows, 6 new" in added.stdout
    lines = '{"text": "pushed"}\n'
    assert signed_in("push", "-", "--dataset", "T", "--append", given=lines).returncode == 0
    rows = json.loads(signed_in("versions", "T", "--json").stdout)
    assert [(row["number"], row["row_count"]) for row in rows] == [(3, 13), (2, 12), (1, 6)]
    assert (rows[1]["parent"], rows[2]["id"]) == (first["version"], first["version"])


def test_addresses_inside_are_refused_with_their_reason(signed_in: Run) -> None:
    at_the_door = signed_in("import", "--url", "http://127.0.0.1:1/a.csv", "--dataset", "T")
    assert at_the_door.returncode == 4
    assert (
        "Address 1, http://127.0.0.1:1/a.csv: The host 127.0.0.1 is not on the public internet." in at_the_door.stderr
    )
    later = signed_in("import", "--url", "http://localhost:1/a.csv", "--dataset", "T")
    assert later.returncode == 7
    assert "The host localhost is not on the public internet." in later.stderr
    assert signed_in("import", "--dataset", "T").returncode == 2


def test_a_bucket_is_described_listed_and_forgotten(signed_in: Run) -> None:
    where = ["--endpoint", "https://s3.example.com", "--bucket", "reviews"]
    made = signed_in("source", "add", "S3", "--dataset", "T", *where, "--pattern", "*.jsonl", "--json")
    assert made.returncode == 0, made.stderr
    number = json.loads(made.stdout)["id"]
    listed = json.loads(signed_in("source", "list", "T", "--json").stdout)
    assert [(row["id"], row["bucket"], row["pattern"]) for row in listed] == [(number, "reviews", "*.jsonl")]
    wrong = signed_in("source", "add", "x", "--dataset", "T", "--endpoint", "http://10.0.0.1", "--bucket", "reviews")
    assert (wrong.returncode, "is not on the public internet" in wrong.stderr) == (4, True)
    unknown = signed_in("source", "add", "y", "--dataset", "T", *where, "--keys", "nobody")
    assert "There are no keys called nobody for your organization." in unknown.stderr
    assert signed_in("source", "forget", str(number)).returncode == 0


def test_refused_rows_are_written_where_asked(signed_in: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "good"}\n{"text": \n{"text": "also good"}\n')

    done = signed_in("import", str(file), "--dataset", "Bad", "--refused", str(tmp_path / "refused.csv"))

    assert done.returncode == 0, done.stderr
    assert "2 rows, 1 refused, listed in" in done.stdout
    assert (tmp_path / "refused.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("2,")


def test_a_project_is_made_and_measured(signed_in: Run, tmp_path: Path) -> None:
    version = json.loads(signed_in("import", str(csv_file(tmp_path)), "--dataset", "T", "--json").stdout)["version"]

    made = signed_in("project", "create", "Spam", "--version", str(version), "--label", "ham", "--label", "spam")

    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0].endswith("(Spam): 6 tasks")
    assert signed_in("label", "Spam").stdout.startswith("0 of 6 answers, 0 skipped\n")
    assert signed_in("project", "create", "Spam", "--version", str(version), "--label", "x").returncode == 4


def test_many_items_are_answered_at_once_and_undone(signed_in: Run, tmp_path: Path) -> None:
    version = json.loads(signed_in("import", str(csv_file(tmp_path)), "--dataset", "T", "--json").stdout)["version"]
    signed_in("project", "create", "Spam", "--version", str(version), "--label", "ham", "--label", "spam")
    bulk = ("project", "bulk")

    counted = signed_in(*bulk, "count", "Spam", "--text", "free")
    assert counted.stdout == "2 items\n", counted.stderr
    done = signed_in(*bulk, "give", "Spam", "--answer", "label=spam", "--text", "FREE prize", "--json")

    assert done.returncode == 0, done.stderr
    given = json.loads(done.stdout)
    assert (given["state"], given["counts"], given["filter"]["q"]) == ("done", {"stored": 2}, "FREE prize")
    rest = signed_in(*bulk, "give", "Spam", "--answer", "label=ham", "--items", "1-5")
    assert rest.stdout.splitlines()[0].endswith(": 4 answered, 1 answered by you before")
    assert signed_in("label", "Spam").stdout.startswith("6 of 6 answers, 0 skipped\n")
    undone = signed_in(*bulk, "undo", str(given["id"]))
    assert undone.stdout == f"Bulk {given['id']}: 2 taken back\n"
    listed = json.loads(signed_in(*bulk, "list", "Spam", "--json").stdout)
    assert [(row["state"], row["annotator_name"] != "") for row in listed] == [("done", True), ("undone", True)]
    for wrong in (
        ["--answer", "spam", "--all"],
        ["--answer", "label=ham"],
        ["--answer", "label=ham", "--items", "5-1"],
    ):
        assert signed_in(*bulk, "give", "Spam", *wrong).returncode == 2
    refused = signed_in(*bulk, "give", "Spam", "--answer", "label=nonsense", "--all")
    assert (refused.returncode, "not in the project" in refused.stderr) == (4, True)


def test_jobs_are_listed_and_watched(signed_in: Run, tmp_path: Path) -> None:
    job = json.loads(signed_in("import", str(csv_file(tmp_path)), "--dataset", "T", "--json").stdout)["job"]

    assert [row["id"] for row in json.loads(signed_in("jobs", "--json").stdout)] == [job]
    assert signed_in("jobs", "watch", str(job)).stdout == f"Job {job} (Import texts.csv) is done.\n"
    assert signed_in("jobs", "cancel", str(job)).returncode == 4
    assert signed_in("jobs", "watch", "999999").returncode == 6


def test_a_failed_job_is_exit_code_7_and_says_how_to_go_on(signed_in: Run, tmp_path: Path) -> None:
    file = tmp_path / "all-bad.jsonl"
    file.write_text('{"text": \n[1]\n')

    done = signed_in("import", str(file), "--dataset", "Bad", "--format", "jsonl")

    assert done.returncode == 7
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("assay: Importing failed: No element of the file")


@pytest.mark.slow
def test_the_demo_takes_a_file_through_the_whole_chain(signed_in: Run, tmp_path: Path) -> None:
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8", newline="") as source:
        (tmp_path / "sms.csv").write_text("".join(line for line, _number in zip(source, range(301), strict=False)))

    # On sixty test rows one answer is more than a point.
    done = signed_in("demo", "sms.csv", "--name", "Try", "--answers", "20", "--limit", "20")

    assert done.returncode == 0, done.stderr
    said, steps = done.stdout.splitlines(), done.stderr
    assert said[0].startswith("Try: 300 rows in, 2")
    assert "; baseline macro-F1 0." in said[1]
    assert said[2].startswith("  Macro-F1 is ")
    assert said[-1].endswith("/api/v1/deployments/try/predict/")
    assert "The answers are the file's own labels." in steps
    assert json.loads(signed_in("predict", "try", "free prize, call now", "--json").stdout)[0]["label"] in {
        "ham",
        "spam",
    }


def test_the_help_names_every_exit_code(assay: Run) -> None:
    said = " ".join(assay("--help").stdout.split())

    assert [code for code, meaning in EXIT_CODES.items() if f"{code} {meaning}" not in said] == []


def test_the_reference_names_every_command_and_exit_code() -> None:
    from typer.main import get_command

    from assay_client._command.main import app

    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    names = [f"assay {name} {inner}" for name, group in commands.items() for inner in getattr(group, "commands", {})]
    names += [f"assay {name}" for name in commands]
    assert [name for name in names if f"`{name}" not in page] == []
    assert [code for code, meaning in EXIT_CODES.items() if f"| {code} | {meaning} |" not in page] == []


def test_a_plan_in_yaml_is_run_and_its_mistakes_are_named(signed_in: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text,label\na b c d e f g,x\nA b c d e f g,x\nother,y\n")
    version = json.loads(signed_in("import", "in.csv", "--dataset", "Plans", "--json").stdout)["version"]
    (tmp_path / "plan.yaml").write_text("steps:\n- name: near_duplicates\n  params: {threshold: 3}\n- name: nope\n")
    wrong = signed_in("curate", str(version), "--plan", "plan.yaml")
    assert wrong.returncode == 2
    assert "step 1, threshold: " in wrong.stderr
    assert "step 2: there is no step nope" in wrong.stderr
    (tmp_path / "plan.yaml").write_text("steps:\n- name: near_duplicates\n  params: {shingles: 'word:2'}\n")
    done = signed_in("curate", str(version), "--plan", "plan.yaml")
    assert done.returncode == 0, done.stderr
    assert "  near_duplicates: dropped 1 near_duplicate" in done.stdout.splitlines()
