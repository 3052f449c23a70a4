"""Items taken out of versions, runs and uploads for good. Only an erasure calls this; everything may be done twice."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.db.models import Count
from numpy.typing import NDArray

from core import objects
from curation.engine.embedding.cache import VectorCache, text_keys
from curation.engine.erasure.finding import texts_of
from curation.engine.erasure.matching import Matcher
from curation.engine.erasure.rewriting import Rewritten, items_in, without_items
from curation.engine.item_lookup import items_by_id
from curation.engine.pii.seal import seal
from curation.engine.reader import VersionReader
from curation.engine.replacements import read_mapping
from curation.models import Diff, Finding, PrivacyCheck, Question, QuestionCount, QuestionState, Run, Upload, Version
from curation.services.garbage import unshared_keys
from curation.services.meaning import vectors_folder
from curation.services.media import hashes_of, keys_of, remove_pictures
from curation.services.pseudonym import dataset_key
from curation.services.upload import said_erased
from curation.services.version import lock_objects, open_objects, part_key, store_parts

Check = Callable[[], None]
# The rows of one piece of an item list in a query.
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """A version that was written again.

    Attributes:
        old_hash: Its content before.
        old_parts: SHA-256 of its parts before.
        rows_before: Its rows before.
        made: What it is now.
        pending: What has to be removed now: object ``keys``, ``pictures``, ``vectors`` (hexadecimal keys).
    """

    old_hash: str
    old_parts: list[str]
    rows_before: int
    made: Rewritten
    pending: dict[str, list[str]]


def erase_from_version(
    *, version_id: int, items: NDArray[np.int64], settle: Callable[[Version, Change], None], check: Check
) -> bool:
    """Write a version again without some items; tell whether it held any.

    The row of the version stays, with number, parent, tags, projects and trainings; its manifest and content hash are
    the new ones. Parts without the items stay the same objects. Nothing is deleted here: `settle` notes what has to go
    in the transaction of the change, and `remove_pending` does it.

    Args:
        version_id: The version; one that was purged has nothing left.
        items: int64 [n].
        settle: Called with the version and what changed, in the same transaction.
        check: Called now and then; may raise to stop.
    """
    while True:
        version = Version.objects.get(pk=version_id)
        if version.objects_removed_at is not None:
            return False
        (folder_root := Path(settings.ASSAY_HOME) / "work").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder_root, prefix="erasure-") as folder:
            with open_objects(version) as reader:
                made = without_items(reader, Path(folder), items, check)
                if made is None:
                    return False
                extra = _goes_along(reader, made.gone)
            if _exchange(version, Path(folder), made, extra, settle):
                return True


def _goes_along(reader: VersionReader, gone: NDArray[np.int64]) -> dict[str, list[str]]:
    """Return pictures and keys of vectors of the rows that go."""
    rows = list(items_by_id(reader, gone.tolist()).values())
    texts = sorted({text for row in rows for value in row.values() for text in texts_of(value)})
    image = reader.manifest.roles.get("image", "")
    pictures = sorted({row[image] for row in rows if row.get(image)})
    return {"pictures": pictures, "vectors": [bytes(key).hex() for key in text_keys(texts)] + pictures}


def _exchange(
    seen: Version,
    folder: Path,
    made: Rewritten,
    extra: dict[str, list[str]],
    settle: Callable[[Version, Change], None],
) -> bool:
    with transaction.atomic():
        version = Version.objects.select_for_update(of=("self",)).get(pk=seen.pk)
        lock_objects(version.organization_id)
        if version.content_hash != seen.content_hash or version.objects_removed_at is not None:
            return False
        store_parts(version.organization_id, folder, made.manifest)
        keys = unshared_keys(version, also_free=set())
        fresh = {part_key(version, part.sha256) for part in made.manifest.parts}
        pending = {"keys": [key for key in keys if key not in fresh], **extra}
        old = version.manifest["parts"]
        change = Change(version.content_hash, [part["sha256"] for part in old], version.row_count, made, pending)
        Diff.objects.filter(older=version).delete()
        Diff.objects.filter(newer=version).delete()
        version.manifest = made.manifest.to_json()
        version.content_hash, version.row_count = made.manifest.content_hash, made.manifest.row_count
        version.byte_count = sum(part.bytes for part in made.manifest.parts)
        version.save(update_fields=["manifest", "content_hash", "row_count", "byte_count"])
        settle(version, change)
    return True


def remove_pending(*, organization_id: int, pending: dict[str, list[str]]) -> Counter[str]:
    """Remove what a change left over and nothing else uses; return how many objects, pictures and vectors went."""
    removed: Counter[str] = Counter()
    with transaction.atomic():
        lock_objects(organization_id)
        used = _used_keys(organization_id)
        for key in pending.get("keys", ()):
            name = key.rsplit("/", 1)[1].split(".")[0].removesuffix("-originals")
            if name not in used and objects.exists(key):
                objects.delete(key)
                removed[key.split("/")[0]] += 1
        gone = _unused_pictures(organization_id, pending.get("pictures", []))
        removed["pictures"] += sum(objects.exists(keys_of(organization_id, one)[0]) for one in gone)
        remove_pictures(organization_id=organization_id, hashes=gone)
    removed["vectors"] += _forget(organization_id, pending.get("vectors", []))
    return +removed


def remove_orphans(*, organization_id: int) -> Counter[str]:
    """Remove parts and what is made of them that no version names: left by jobs that were killed, or refused.

    A job that is about to commit stores its parts again under the lock that is held here.
    """
    removed: Counter[str] = Counter()
    with transaction.atomic():
        lock_objects(organization_id)
        used = _used_keys(organization_id)
        for folder in ("versions", "indexes", "meanings", "downloads"):
            for key in objects.names_in(objects.key(folder, organization_id)):
                if key.rsplit("/", 1)[1].split(".")[0].removesuffix("-originals") not in used:
                    objects.delete(key)
                    removed[folder] += 1
        diffs = set(Diff.objects.filter(organization_id=organization_id).values_list("pk", flat=True))
        for key in objects.names_in(objects.key("diffs", organization_id)):
            number = key.rsplit("/", 1)[1].removeprefix("diff-").split(".")[0]
            if not number.isdigit() or int(number) not in diffs:
                objects.delete(key)
                removed["diffs"] += 1
    return removed


def _used_keys(organization_id: int) -> set[str]:
    """Return the hashes of parts and contents of all versions that are there."""
    rows = Version.objects.filter(organization_id=organization_id, objects_removed_at=None)
    used: set[str] = set()
    for content, parts in rows.values_list("content_hash", "manifest__parts").iterator():
        used |= {content, *(part["sha256"] for part in parts)}
    return used


def _unused_pictures(organization_id: int, hashes: Sequence[str]) -> list[str]:
    left = pa.array(sorted(set(hashes)), pa.large_string())
    rows = Version.objects.filter(organization_id=organization_id, objects_removed_at=None)
    for version in rows.filter(manifest__roles__image__isnull=False).order_by("-pk").iterator(chunk_size=20):
        if not len(left):
            break
        with open_objects(version) as reader:
            left = left.filter(pc.invert(pc.is_in(left, value_set=hashes_of(reader))))
    return left.to_pylist()  # type: ignore[no-any-return]


def _forget(organization_id: int, keys: Sequence[str]) -> int:
    folder = vectors_folder(organization_id)
    if not keys or not folder.is_dir():
        return 0
    gone = np.frombuffer(bytes.fromhex("".join(keys)), np.uint8).reshape(-1, 32)
    count = 0
    for path in sorted(folder.glob("vectors-*")):
        _word, fingerprint, width = path.name.split("-")
        count += VectorCache(folder, fingerprint, int(width)).erase(gone)
    return count


def erase_from_run(*, run: Run, items: NDArray[np.int64], matcher: Matcher, texts: set[str]) -> Counter[str]:
    """Take items out of what a run dropped, replaced and asked about, and values out of its sealed mapping.

    Args:
        run: The run.
        items: int64 [n].
        matcher: Finds the values that are sought.
        texts: Texts of the items; a value that stands in one of them goes from the mapping too, though somebody
            else may have it: then that pseudonym cannot be opened any more.
    """
    removed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="erasure-") as folder:
        removed["drops"] = _erase_drops(run, items, Path(folder))
        removed["replacements"] = _erase_replacements(run, items, Path(folder))
    removed["mappings"] = _erase_mapping(run, matcher, texts)
    removed["curation.Finding"] = _erase_findings(run, items)
    removed["curation.PrivacyCheck"] = PrivacyCheck.objects.filter(
        sample__run=run, item_id__in=items.tolist()
    ).delete()[0]
    return +removed


def _erase_drops(run: Run, items: NDArray[np.int64], folder: Path) -> int:
    if not run.drops_key or not objects.exists(run.drops_key):
        return 0
    fresh, gone = folder / "drops.parquet", 0
    with objects.local_path(run.drops_key) as path:
        gone = len(items_in(path, items))
        if not gone:
            return 0
        with pq.ParquetFile(path, pre_buffer=False) as part, pq.ParquetWriter(fresh, part.schema_arrow) as sink:
            for batch in part.iter_batches(batch_size=MANY, use_threads=False):
                here = pc.is_in(batch["item_id"], value_set=pa.array(items))
                sink.write_batch(batch.filter(pc.invert(here)))
    objects.put_file(fresh, run.drops_key)
    return gone


def _erase_replacements(run: Run, items: NDArray[np.int64], folder: Path) -> int:
    if not run.replacements_key or not objects.exists(run.replacements_key):
        return 0
    with objects.local_path(run.replacements_key) as path:
        table = pcsv.read_csv(path)
    here = pc.is_in(table["item_id"], value_set=pa.array(items))
    gone = int(pc.sum(here).as_py() or 0)
    if gone:
        pcsv.write_csv(table.filter(pc.invert(here)), folder / "replacements.csv")
        objects.put_file(folder / "replacements.csv", run.replacements_key)
    return gone


def _erase_mapping(run: Run, matcher: Matcher, texts: set[str]) -> int:
    """Seal a mapping again without the values that are sought; one whose key is lost opens for nobody anyway."""
    import json

    from curation.engine.pii.seal import SealError

    if not run.mapping_key or not objects.exists(run.mapping_key):
        return 0
    key = dataset_key(run)
    try:
        with objects.local_path(run.mapping_key) as path:
            rows = list(read_mapping(key, path))
    except SealError:
        return 0
    kept = [
        row
        for row in rows
        if not (matcher.spans(row[2]) or matcher.spans(row[1]) or any(row[2] in text for text in texts))
    ]
    if len(kept) < len(rows):
        text = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
        objects.put_bytes(seal(key, text) if kept else b"", run.mapping_key)
    return len(rows) - len(kept)


@transaction.atomic
def _erase_findings(run: Run, items: NDArray[np.int64]) -> int:
    """Delete the findings on items, and the questions that nothing is left to ask about."""
    rows = Finding.objects.filter(run=run, item_id__in=items.tolist())
    asked = list(rows.exclude(question=None).values_list("question_id", flat=True).distinct())
    gone = rows.delete()[0]
    if not asked:
        return gone
    left = dict(Finding.objects.filter(question__in=asked).values_list("question").annotate(n=Count("pk")))
    for question in Question.objects.select_for_update().filter(pk__in=asked).order_by("pk"):
        count = left.get(question.pk, 0)
        if count == 0 or (count == 1 and question.size > 1):
            question.delete()
        else:
            Question.objects.filter(pk=question.pk).update(size=count)
    _count_again(run)
    return gone


def _count_again(run: Run) -> None:
    for row in QuestionCount.objects.select_for_update().filter(run=run).order_by("pk"):
        questions = Question.objects.filter(run=run, code=row.code)
        decided = questions.filter(state=QuestionState.DECIDED).count()
        QuestionCount.objects.filter(pk=row.pk).update(total=questions.count(), decided=decided)


def erase_upload(*, upload: Upload) -> int:
    """Remove the original file of an upload and its refused rows; what it gave lives on in versions.

    A file cannot be kept without a few of its rows: its hash, and the terms under which it came, are those of the
    whole. Equal files of one dataset are one object and go together.
    """
    if not upload.object_key:
        return 0
    key, org = upload.object_key, upload.organization_id
    same = list(Upload.objects.filter(organization_id=org, object_key=key).order_by("pk"))
    keys = [key, *(one.refused_key for one in same if one.refused_key)]
    for name in keys:
        if objects.exists(name):
            objects.delete(name)
    Upload.objects.filter(pk__in=[one.pk for one in same]).update(
        object_key="",
        refused_key="",
        profile={"readable": False, "error": {"code": "upload_erased", "detail": said_erased(), "line": None}},
    )
    return len(same)
