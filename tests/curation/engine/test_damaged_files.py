"""Files with a few bytes turned over, or cut off: each is read or refused with a sentence, and nothing else happens."""

import random
from pathlib import Path

import pytest

from curation.engine.readers import ReadError, read_batches, sniff
from tests.curation.engine.test_columnar import as_file, as_parquet, as_stream, every_type
from tests.data.make_bad import cells, tarb, workbook, zipb

TABLE = b"text,label\nhello,a\nbye,b\n"
GOOD = {
    "t.zip": zipb([("pos/a.txt", "hello" * 20), ("neg/b.txt", "x" * 50)]),
    "t.tar": tarb([("a.csv", TABLE)]),
    "t.tar.gz": tarb([("a.csv", TABLE)], mode="w:gz"),
    "t.xlsx": workbook(cells((1, ("text", "label")), (2, ("a", "b")))),
    "t.parquet": as_parquet,
    "t.arrow": as_file,
    "stream.arrow": as_stream,
}


@pytest.mark.parametrize("name", GOOD)
def test_no_damage_escapes_as_another_error(tmp_path: Path, name: str) -> None:
    make, path = GOOD[name], tmp_path / name
    if isinstance(make, bytes):
        path.write_bytes(make)
    else:
        make(every_type(), path)
    good = path.read_bytes()
    rng = random.Random(name)
    refused: list[ReadError] = []
    for _turn in range(150):
        data = bytearray(good)
        for _byte in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(len(data))] = rng.choice([0, 255, 127, 1, rng.randrange(256)])
        path.write_bytes(data[: rng.randrange(1, len(data))] if rng.random() < 0.2 else data)
        try:
            for batch in read_batches(path, sniff(path, name)):
                batch.table.validate(full=True)
        except ReadError as error:
            refused.append(error)
    assert len(refused) > 10
    assert all(error.code and error.message.endswith(".") for error in refused)
