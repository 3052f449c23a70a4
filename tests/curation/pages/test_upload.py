import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actor import Actor
from curation.models import Upload
from curation.services.dataset import create_dataset
from tests.curation.services.test_import import work
from tests.data.make_bad import zipb

pytestmark = pytest.mark.django_db


def send(browser: Client, actor: Actor, name: str, content: bytes, **said: str) -> Upload:
    dataset = create_dataset(actor=actor, name="Reviews")
    form = {"file": SimpleUploadedFile(name, content), **said}
    response = browser.post(f"/datasets/{dataset.pk}/import/", form)
    upload = Upload.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/uploads/{upload.pk}/")
    return upload


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "First"
    book.active.append(["text"])
    book.active.append(["from the first"])
    book.create_sheet("第二页").append(["text", "label"])
    book["第二页"].append(["from the second", "x"])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def test_consent_and_date_are_asked_and_shown_with_the_item(browser: Client, actor: Actor) -> None:
    said = {"licence": "CC BY 4.0", "consent": "signed <form> 7", "collected_on": "2024-02-29"}
    upload = send(browser, actor, "a.csv", b"text,label\nhello,x\n", **said)
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "signed &lt;form&gt; 7" in page
    assert "2024-02-29" in page
    form = {"encoding": "utf-8", "delimiter": ",", "header": "on", "text": "text", "label": "label", "id": ""}
    assert browser.post(f"/uploads/{upload.pk}/", form).status_code == 302
    upload.refresh_from_db()
    version = work(upload.job).result["version"]
    item = browser.get(f"/versions/{version}/items/1/").content.decode()
    assert "signed &lt;form&gt; 7" in item
    assert f'href="/uploads/{upload.pk}/">a.csv</a>' in item
    assert "2024-02-29" in browser.get(f"/versions/{version}/").content.decode()


def test_a_wrong_date_is_refused_before_the_file_is_kept(browser: Client, actor: Actor) -> None:
    dataset = create_dataset(actor=actor, name="Reviews")
    form = {"file": SimpleUploadedFile("a.csv", b"text\na\n"), "collected_on": "yesterday"}
    assert browser.post(f"/datasets/{dataset.pk}/import/", form).status_code == 400
    assert not Upload.objects.exists()


def test_a_sheet_is_looked_at_again_and_imported(browser: Client, actor: Actor) -> None:
    upload = send(browser, actor, "t.xlsx", workbook())
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert '<option value="第二页">第二页</option>' in page
    assert "from the first" in page
    assert 'name="encoding"' not in page
    again = {"sheet": "第二页", "header": "on", "text": "text", "label": "", "id": "", "preview": "1"}
    assert "from the second" in browser.post(f"/uploads/{upload.pk}/", again).content.decode()
    chosen = {"sheet": "第二页", "header": "on", "text": "text", "label": "label", "id": ""}
    assert browser.post(f"/uploads/{upload.pk}/", chosen).status_code == 302
    upload.refresh_from_db()
    assert upload.options["sheet"] == "第二页"
    assert work(upload.job).result["rows"] == 1


def test_an_archive_is_read_without_questions_about_encoding(browser: Client, actor: Actor) -> None:
    upload = send(browser, actor, "t.zip", zipb([("pos/1.txt", "好"), ("neg/2.txt", "bad")]))
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "archive of texts" in page
    assert not any(f'name="{name}"' in page for name in ("encoding", "delimiter", "header", "sheet"))
    form = {"text": "text", "label": "label", "id": "path"}
    assert browser.post(f"/uploads/{upload.pk}/", form).status_code == 302
    upload.refresh_from_db()
    assert work(upload.job).result["rows"] == 2
