"""The formats, and which of them a dataset is in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from labeling.engine.formats import (
    argilla,
    argilla_write,
    brat,
    brat_write,
    coco,
    coco_write,
    conll,
    conll_write,
    cvat,
    cvat_backup,
    cvat_backup_write,
    cvat_write,
    docbin,
    docbin_write,
    doccano,
    doccano_project,
    doccano_write,
    folders,
    label_studio,
    label_studio_write,
    labelme,
    labelme_write,
    labelme_xml,
    parquet_write,
    plain,
    plain_write,
    prodigy,
    prodigy_write,
    voc,
    voc_write,
    yolo,
    yolo_write,
)
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError, Losses, Reading, Record
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema


@dataclass(frozen=True, slots=True)
class Format:
    """One format, by functions.

    Attributes:
        title: What people call it.
        recognize: Tells by content whether files are in it.
        read: Reads them.
        holds: Returns why a project cannot be written in it, empty when it can; None where it is only read.
        write: Writes records and returns how many; None where it is only read.
    """

    title: str
    recognize: Callable[[Files], bool]
    read: Callable[[Files, Losses], Reading]
    holds: Callable[[Schema], str] | None = None
    write: Callable[[Target, Schema, Iterable[Record]], int] | None = None


# In the order in which they are tried: the first that recognizes the files reads them.
FORMATS: dict[str, Format] = {
    "coco": Format("COCO", coco.recognize, coco.read, coco_write.holds, coco_write.write),
    "cvat": Format("CVAT XML 1.1", cvat.recognize, cvat.read, cvat_write.holds, cvat_write.write),
    "cvat_backup": Format(
        "CVAT backup", cvat_backup.recognize, cvat_backup.read, cvat_write.holds, cvat_backup_write.write
    ),
    "labelme": Format("labelme", labelme.recognize, labelme.read, labelme_write.holds, labelme_write.write),
    "labelme_xml": Format("LabelMe XML", labelme_xml.recognize, labelme_xml.read),
    "voc": Format("Pascal VOC", voc.recognize, voc.read, voc_write.holds, voc_write.write),
    "yolo": Format("YOLO", yolo.recognize, yolo.read, yolo_write.holds, yolo_write.write),
    "label_studio": Format(
        "Label Studio JSON",
        label_studio.recognize,
        label_studio.read,
        label_studio_write.holds,
        label_studio_write.write,
    ),
    "label_studio_min": Format(
        "Label Studio JSON_MIN",
        label_studio.recognize_min,
        label_studio.read,
        label_studio_write.holds,
        label_studio_write.write_min,
    ),
    "argilla": Format("Argilla records", argilla.recognize, argilla.read, argilla_write.holds, argilla_write.write),
    "prodigy": Format("Prodigy", prodigy.recognize, prodigy.read, prodigy_write.holds, prodigy_write.write),
    "brat": Format("brat", brat.recognize, brat.read, brat_write.holds, brat_write.write),
    "doccano_project": Format("project of doccano", doccano_project.recognize, doccano_project.read),
    "doccano": Format("doccano", doccano.recognize, doccano.read, doccano_write.holds, doccano_write.write),
    "conll": Format("CoNLL", conll.recognize, conll.read, conll_write.holds, conll_write.write),
    "docbin": Format("spaCy DocBin", docbin.recognize, docbin.read, docbin_write.holds, docbin_write.write),
    "hugging_face": Format(
        "Hugging Face dataset",
        plain.recognize_hugging_face,
        partial(plain.read, suffixes=plain.PARQUET),
        plain_write.holds,
        parquet_write.write_hugging_face,
    ),
    "parquet": Format(
        "Parquet",
        partial(plain.recognize, suffixes=plain.PARQUET),
        partial(plain.read, suffixes=plain.PARQUET),
        plain_write.holds,
        parquet_write.write_parquet,
    ),
    "jsonl": Format(
        "JSON Lines",
        partial(plain.recognize, suffixes=plain.JSON),
        partial(plain.read, suffixes=plain.JSON),
        plain_write.holds,
        plain_write.write_jsonl,
    ),
    "csv": Format(
        "CSV",
        partial(plain.recognize, suffixes=plain.TABLES),
        partial(plain.read, suffixes=plain.TABLES),
        plain_write.holds,
        plain_write.write_csv,
    ),
    # The last, since pictures in folders are part of most others.
    "folders": Format("folders of classes", folders.recognize, folders.read, folders.holds, folders.write),
}
NAMES = tuple(FORMATS)
WRITTEN = tuple(name for name, each in FORMATS.items() if each.write is not None)


def find_format(files: Files) -> str:
    """Return the format of a labeled dataset.

    Raises:
        FormatError: ``format_unknown``.
    """
    found = next((name for name, each in FORMATS.items() if each.recognize(files)), None)
    if found is None:
        known = ", ".join(each.title for each in FORMATS.values())
        raise FormatError("format_unknown", f"This is none of the labeled formats that are read here: {known}.")
    return found
