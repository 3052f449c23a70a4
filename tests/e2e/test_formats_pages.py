"""A labeled file of another tool becomes a project in a real browser, and its answers leave in another format."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from labeling.models import Annotation, Project
from tests.e2e.test_grid_page import fits
from tests.e2e.test_labeling_page import eventually
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, take

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DATA = Path(__file__).parents[1] / "data" / "formats"
JOB = 180_000


def packed(folder: Path) -> bytes:
    """Return a folder as a zip."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return place.getvalue()


def sent(browse: Opened, name: str, content: bytes, file: str) -> Project:
    """Send a labeled file on the page by keyboard and return the project that it becomes."""
    page = browse("/projects/import/")
    page.get_by_label("File", exact=False).first.set_input_files(
        {"name": file, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.get_by_label("Name of the project").fill(name)
    page.get_by_label("Name of the project").press("Enter")
    expect(page.get_by_role("heading", name=name, level=1, exact=True)).to_be_visible(timeout=JOB)
    return Project.objects.get(name=name)


def test_a_dataset_of_one_tool_leaves_for_another(browse: Opened, ann: Actor) -> None:
    project = sent(browse, "Traffic", packed(DATA / "coco"), "traffic.zip")
    eventually(lambda: Annotation.objects.filter(project=project).exists())
    shapes = sum(len(row.answer.get("objects", [])) for row in Annotation.objects.filter(project=project))
    page = browse(f"/projects/{project.pk}/exports/")
    expect(page.get_by_text("Nothing was exported yet.")).to_be_visible()
    page.get_by_label("Format", exact=True).select_option("yolo")
    page.get_by_role("button", name="Export", exact=True).press("Enter")
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=JOB)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").press("Enter")
    with zipfile.ZipFile(download.value.path()) as archive:
        names = archive.namelist()
        rows = [row for name in names if name.startswith("labels/") for row in archive.read(name).splitlines()]
        assert len([name for name in names if name.startswith("images/")]) == project.version.row_count
    # What a format cannot hold is counted beside the file, and listed.
    with page.expect_download() as report:
        page.locator("tbody").get_by_role("link", name="object").press("Enter")
    listed = list(csv.DictReader(Path(report.value.path()).read_text("utf-8-sig").splitlines()))
    left_out = [row for row in listed if row["code"] == "shape_kind"]
    assert listed
    assert len(rows) == shapes - len(left_out)


def test_a_file_that_is_none_of_them_says_which_are(browse: Opened, ann: Actor) -> None:
    page = browse("/projects/import/")
    page.get_by_label("File", exact=False).first.set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"nothing that anybody labeled\n"}
    )
    page.get_by_label("Name of the project").fill("Notes")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("none of the labeled formats that are read here")).to_be_visible(timeout=JOB)
    page.get_by_role("link", name="Send another file").press("Enter")
    expect(page.get_by_label("Name of the project")).to_be_visible()
    assert not Project.objects.exists()


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_pages_fit_and_complain_of_nothing(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    rows = [
        {
            "id": number,
            "data": {"text": text},
            "annotations": [
                {
                    "completed_by": {"email": who},
                    "result": [
                        {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
                    ],
                }
                for who, label in (("ann@example.com", "good"), ("bob@example.com", "bad" if number % 3 else "good"))
            ],
        }
        for number, text in enumerate(["My card came at last", "卡还没到", "The app never opens", "谢谢，很快"] * 5, 1)
    ]
    project = sent(browse, f"Moods {width}", json.dumps(rows).encode(), "moods.json")
    eventually(lambda: Annotation.objects.filter(project=project).count() == 40)
    page = browse("/projects/import/", language, theme, width, height)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "labeled-import", look_of(language, width))
    page = browse(f"/projects/{project.pk}/exports/", language, theme, width, height)
    for name in ("label_studio", "doccano"):
        page.locator("[name=format]").select_option(name)
        page.locator("form.form button.button-primary").click()
        expect(page.locator("tbody tr td a[href$='/file/']")).to_have_count(1 + (name == "doccano"), timeout=JOB)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    take(page, "exports", look_of(language, width))
