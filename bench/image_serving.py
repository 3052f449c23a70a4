"""Pictures over HTTP, signed in as a person: p50 and p95 of thumbnails, views and the page that shows them.

    python bench/image_serving.py                   2,000 pictures of 640 x 480
    python bench/image_serving.py --rows 500

It starts its own service in a temporary folder, imports drawn pictures, and asks for each kind of address 200 times.
"""

import argparse
import io
import os
import sys
import time
import zipfile
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "client"), str(ROOT / "bench")]

from explorer_pages import sign_in  # noqa: E402  (the repository is not installed)
from import_rest import bench_folder, serving, token  # noqa: E402

from assay_client import Client  # noqa: E402

TIMES, WARM = 200, 10


def draw(path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(rows):
            small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
            sink = io.BytesIO()
            small.resize((640, 480), Image.Resampling.BICUBIC).save(sink, "JPEG", quality=90)
            archive.writestr(f"{number % 4}/{number}.jpg", sink.getvalue())


def measure(browser: httpx.Client, addresses: list[str]) -> str:
    taken, size = [], 0
    for number in range(WARM + TIMES):
        began = time.perf_counter()
        answer = browser.get(addresses[number % len(addresses)])
        taken.append(1000 * (time.perf_counter() - began))
        size += len(answer.raise_for_status().content)
    taken = sorted(taken[WARM:])
    each = size / (WARM + TIMES) / 1000
    return f"p50 {taken[TIMES // 2]:5.1f} ms, p95 {taken[int(TIMES * 0.95) - 1]:5.1f} ms, {each:.0f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--port", type=int, default=8393)
    options = parser.parse_args()
    folder = bench_folder()
    draw(folder / "pictures.zip", options.rows)
    base = f"http://127.0.0.1:{options.port}"
    with (
        serving(folder, options.port) as password,
        Client(base, token(folder / "home")) as client,
        httpx.Client(base_url=base, follow_redirects=True) as browser,
    ):
        upload = client.uploads.send(client.datasets.create("bench").id, folder / "pictures.zip")
        began = time.perf_counter()
        version = client.jobs.wait(client.uploads.start_import(upload.id), timeout=1800).result["version"]
        print(f"{os.cpu_count()} cores; import of {options.rows:,} pictures: {time.perf_counter() - began:.1f} s")
        sign_in(browser, password)
        hashes = [item["image"] for item in client.versions.page(version, limit=200)["results"]]
        for kind in ("thumb", "view"):
            print(f"{kind:8}{measure(browser, [f'/api/v1/pictures/{sha256}/{kind}/' for sha256 in hashes])}")
        print(f"{'page':8}{measure(browser, [f'/versions/{version}/?offset={50 * n}' for n in range(4)])}")


if __name__ == "__main__":
    main()
