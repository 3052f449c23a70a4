import json
import subprocess
import sys
from pathlib import Path

import pytest

from curation.engine.__main__ import main

CSV = "id,text,label\n1,good day,pos\n2,Good  day,pos\n3,,neg\n4,too,few,fields\n5,bad,-1\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(CSV)
    return path


def test_a_plan_runs_on_a_file_and_on_the_version_it_gave(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-", str(table), str(tmp_path / "v1")]) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert (summary["rows_in"], summary["rows_out"], summary["refused"]) == (4, 1, 1)
    assert json.loads((tmp_path / "v1" / "report.json").read_text("utf-8")) == summary
    assert not list((tmp_path / "v1").glob("step-*"))
    assert err == (
        "line 5: The row has too many fields: 4 where the header has 3.\n"
        "Rows without text: 1. The step drop_empty_text leaves them out.\n"
    )
    plan = tmp_path / "plan.yaml"
    plan.write_text("steps:\n- name: split\n  params: {seed: 7}\n")
    assert main(["run", str(plan), str(tmp_path / "v1"), str(tmp_path / "v2")]) == 0
    assert json.loads(capsys.readouterr().out)["rows_out"] == 1


def test_exact_duplicates_alone(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact-duplicates", "--column", "text", str(table), str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["rows_out"] == 3


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ("steps: [{name: splt}]", "Step 1: there is no step splt."),
        ("steps: [{name: exact_duplicates, params: {columns: [body]}}]", "There is no column body."),
        ("steps: {", "This is no YAML"),
    ],
)
def test_a_mistake_ends_with_a_sentence(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str], plan: str, sentence: str
) -> None:
    (tmp_path / "plan.yaml").write_text(plan)
    assert main(["run", str(tmp_path / "plan.yaml"), str(table), str(tmp_path / "out")]) == 1
    assert sentence in capsys.readouterr().err


def test_an_input_is_never_written_over(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "-", str(table), str(tmp_path / "v1")])
    assert main(["run", "-", str(tmp_path / "v1"), str(tmp_path / "v1")]) == 1
    assert "another folder" in capsys.readouterr().err


def test_the_engine_starts_without_django(table: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from curation.engine.__main__ import main;"
        f"code = main(['run', '-', {str(table)!r}, {str(tmp_path / 'out')!r}]);"
        "assert not {'django', 'celery', 'torch', 'sklearn'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)


def test_a_published_preset_runs_by_its_name(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # It drops everything here, which makes no version, but a report.
    assert main(["run", "gopher", str(table), str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out" / "manifest.json").exists()
    summary = json.loads(capsys.readouterr().out)
    assert [step["name"] for step in summary["steps"]] == ["filter_length", "filter_repetition", "filter_symbols"]
    assert (summary["rows_out"], summary["steps"][0]["dropped"]) == (0, {"text_too_short": 4})
