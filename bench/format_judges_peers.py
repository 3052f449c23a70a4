"""What pycocotools, datumaro and label-studio-sdk's converter find in a folder; run by format_judges.py.

Prints one JSON object: reader → {"version", "items", "shapes": [[picture, label, left, top, right, bottom], …]}, or
{"error"} where it cannot read the folder.
"""

import contextlib
import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Found = dict[str, Any]
# What datumaro calls our formats.
_DATUMARO = {
    "coco": "coco_instances",
    "cvat": "cvat",
    "voc": "voc_detection",
    "yolo": "yolo",
    "folders": "imagenet_with_subset_dirs",
}


def by_pycocotools(folder: Path) -> Found:
    from pycocotools.coco import COCO

    shapes, items = [], 0
    for path in sorted((folder / "annotations").glob("*.json")):
        coco = COCO(str(path))
        items += len(coco.imgs)
        for row in coco.loadAnns(coco.getAnnIds()):
            x, y, width, height = row["bbox"]
            if row["segmentation"]:
                # Its mask is as large as the polygon says, to the pixels of its border.
                area, border = int(coco.annToMask(row).sum()), 2 * (width + height) + 4
                assert abs(area - row["area"]) <= border, (area, row["area"])
            name = coco.loadCats(row["category_id"])[0]["name"]
            shapes.append([coco.imgs[row["image_id"]]["file_name"], name, x, y, x + width, y + height])
    return {"items": items, "shapes": shapes}


def by_datumaro(folder: Path, name: str) -> Found:
    import datumaro

    dataset = datumaro.Dataset.import_from(str(folder), _DATUMARO[name])
    labels = [label.name for label in dataset.categories()[datumaro.AnnotationType.label]]
    shapes, items = [], 0
    for item in dataset:
        items += 1
        # It makes a box beside each polygon of COCO.
        polygons = {each.id for each in item.annotations if each.type == datumaro.AnnotationType.polygon}
        for each in item.annotations:
            if each.type == datumaro.AnnotationType.bbox and each.id in polygons and name == "coco":
                continue
            box = [0, 0, 0, 0]
            if each.type != datumaro.AnnotationType.label:
                x, y, width, height = each.get_bbox()
                box = [x, y, x + width, y + height]
            shapes.append([Path(item.id).name, labels[each.label], *map(float, box)])
    return {"items": items, "shapes": shapes}


def by_label_studio(folder: Path) -> Found:
    from label_studio_sdk.converter.imports.coco import convert_coco_to_ls

    shapes, items = [], 0
    for path in sorted((folder / "annotations").glob("*.json")):
        with tempfile.TemporaryDirectory() as place:
            out = Path(place) / "tasks.json"
            convert_coco_to_ls(str(path), str(out), image_root_url="/x")
            for task in json.loads(out.read_text("utf-8")):
                items += 1
                rows = task["annotations"][0]["result"]
                # It makes a rectangle beside each polygon, of the same edges.
                drawn = {_edges(row) for row in rows if row["type"] == "polygonlabels"}
                rows = [row for row in rows if row["type"] == "polygonlabels" or _edges(row) not in drawn]
                picture = unquote(Path(task["data"]["image"]).name)
                shapes += [[picture, *_of_label_studio(row)] for row in rows]
    return {"items": items, "shapes": shapes}


def _edges(row: dict[str, Any]) -> tuple[Any, ...]:
    label, *edges = _of_label_studio(row)
    return label, *(round(edge, 2) for edge in edges)


def _of_label_studio(row: dict[str, Any]) -> list[Any]:
    value, width, height = row["value"], row["original_width"], row["original_height"]
    label = next(value[key][0] for key in value if key.endswith("labels"))
    if "points" in value:
        across, down = [x for x, _y in value["points"]], [y for _x, y in value["points"]]
        edges = [min(across), min(down), max(across), max(down)]
    else:
        edges = [value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"]]
    return [label, *(edge * (width, height)[place % 2] / 100 for place, edge in enumerate(edges))]


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    readers: dict[str, tuple[str, Callable[[], Found]]] = {"datumaro": ("datumaro", lambda: by_datumaro(folder, name))}
    if name == "coco":
        readers["pycocotools"] = ("pycocotools", lambda: by_pycocotools(folder))
        readers["label-studio-sdk"] = ("label-studio-sdk", lambda: by_label_studio(folder))
    said = {}
    for reader, (package, read) in readers.items():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found = read()
        except Exception as error:  # noqa: BLE001  # whatever it is that a peer cannot do
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        said[reader] = {"version": version, **found}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
