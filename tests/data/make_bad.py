"""Writes 82 bad and hostile files into a folder, and `expected.json`, which says what a careful importer does with each.

    python tests/data/make_bad.py FOLDER

Nothing here is dangerous to create. The bombs are small files that unfold to a lot: never unpack or decode them without
a limit. "accept" means read it, all rows; "warn" means read what is good and report the rest; "reject" means a clear
error, no crash, no partial data set, bounded memory and time. `rows` counts all rows of the file, good and bad, but for
files with broken JSON lines, where it counts the good ones.
"""
# ruff: noqa: E501, E702, SIM117, UP031
# fmt: off

import csv
import gzip
import io
import json
import os
import struct
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

ZH = "id,text,label\n1,这家店很好吃，服务也好。,正面\n2,等了两个小时，太差了！,负面\n"
out = Path()
expected: dict[str, dict] = {}


def w(name, data, what, expect, **more):
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    expected[name] = {"what": what, "expect": expect, **more}


def chunk(t, d):
    return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d) & 0xFFFFFFFF)


def png(wd, ht, rows=None, color=2, depth=8, crc_ok=True, extra=b""):
    n = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    raw = rows if rows is not None else b"".join(b"\0" + bytes((x * 7 + y * 3 + c * 50) % 256 for x in range(wd) for c in range(n)) for y in range(ht))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", wd, ht, depth, color, 0, 0, 0)) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    if not crc_ok:
        out = out[:-13] + bytes([out[-13] ^ 255]) + out[-12:]  # last byte of the IDAT checksum
    return out


def zipb(items):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for n, d in items:
            z.writestr(n, d)
    return b.getvalue()


def zeros_zip(mb):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        with z.open("zeros.csv", "w", force_zip64=True) as f:
            for _ in range(mb):
                f.write(b"0" * (1 << 20))
    return b.getvalue()


def encodings():
    w("enc/gbk.csv", ZH.encode("gbk"), "GBK", "accept", rows=2)
    w("enc/gb18030.csv", ZH.replace("差", "差𠮷").encode("gb18030"), "GB18030 with a character outside the BMP", "accept", rows=2)
    w("enc/utf16le_bom.csv", b"\xff\xfe" + ZH.encode("utf-16-le"), "UTF-16 LE with BOM", "accept", rows=2)
    w("enc/utf16be_bom.csv", b"\xfe\xff" + ZH.encode("utf-16-be"), "UTF-16 BE with BOM", "accept", rows=2)
    w("enc/utf8_bom.csv", b"\xef\xbb\xbf" + ZH.encode(), "UTF-8 with BOM: the first column is id, not \\ufeffid", "accept", rows=2)
    w("enc/latin1.csv", "id,text,label\n1,café déjà vu,pos\n2,naïve Übergröße,neg\n".encode("latin-1"), "Latin-1", "accept", rows=2)
    w("enc/big5.csv", "id,text,label\n1,這家餐廳很好,正面\n2,服務態度很差,負面\n".encode("big5"), "Big5", "accept", rows=2)
    w("enc/broken_utf8.csv", b"id,text,label\n1,good\xff\xfebad,x\n2,fine,y\n3,\xe4\xb8,z\n", "invalid UTF-8 bytes in two rows", "warn", rows=3)
    w("enc/mixed.csv", b"id,text,label\n1," + "好".encode() + b",a\n2," + "好".encode("gbk") + b",a\n", "UTF-8 and GBK rows in one file", "warn", rows=2)
    w("enc/surrogate.jsonl", b'{"text":"\\ud83d alone","label":"a"}\n{"text":"ok \\ud83d\\ude00","label":"b"}\n', "lone surrogate escape in JSON", "warn", rows=2)


def tables():
    w("csv/dup_headers.csv", "id,text,text,label,label\n1,a,b,x,y\n", "duplicate column names", "reject", note="or rename with a clear notice")
    w("csv/no_header.csv", "1,hello world,pos\n2,bye,neg\n", "no header row", "warn")
    w("csv/mixed_eol.csv", b"id,text,label\r\n1,a,x\n2,b,y\r3,c,z\r\n", "CRLF, LF and CR", "accept", rows=3)
    w("csv/nul.csv", b"id,text,label\n1,a\x00b,x\n2,c,y\n", "NUL byte in a field", "warn", rows=2)
    w("csv/ragged.csv", "id,text,label\n1,a,x\n2,b\n3,c,z,extra\n4,d,w\n", "too few and too many fields", "warn", rows=4)
    w("csv/unclosed_quote.csv", 'id,text,label\n1,"never closed,x\n2,b,y\n3,c,z\n', "a quote that never closes", "reject")
    w("csv/quoted_newlines.csv", 'id,text,label\n1,"line one\nline two, with ""quotes""\r\nthree",x\n2,b,y\n', "line breaks and quotes inside a field", "accept", rows=2)
    w("csv/semicolon.csv", "id;text;label\n1;a,b;x\n2;c;y\n", "semicolon separated", "accept", rows=2)
    w("csv/tab.csv", "id\ttext\tlabel\n1\ta,b\tx\n", "tab separated, named .csv", "accept", rows=1)
    w("csv/huge_field.csv", "id,text,label\n1," + "长" * 700000 + ",x\n2,b,y\n", "a field of 2 MB", "accept", rows=2)
    w("csv/many_columns.csv", ",".join(f"c{i}" for i in range(5000)) + "\n" + ",".join("1" for _ in range(5000)) + "\n", "5,000 columns", "warn")
    w("csv/empty.csv", b"", "empty file", "reject")
    w("csv/header_only.csv", "id,text,label\n", "header and no row", "warn", rows=0)
    w("csv/blank_lines.csv", "\n\nid,text,label\n\n1,a,x\n\n\n2,b,y\n\n", "blank lines", "accept", rows=2)
    w("csv/whitespace.csv", "id , text,label \n1, a , x\n2,\u00a0\u3000,y\n3,,x\n", "blanks around names and values; text of only NBSP and ideographic space; empty text", "warn", rows=3)
    w("csv/formulas.csv", 'id,text,label\n1,"=HYPERLINK(""http://127.0.0.1/?x=""&A1,""click"")",x\n2,+1+1,@SUM(1)\n3,-2+3,x\n4,"\t=1+1",x\n', "cells that a spreadsheet would run; exports must not let them run", "accept", rows=4)
    w("csv/dup_ids.csv", "id,text,label\n1,a,x\n1,b,y\n2,c,x\n2,c,x\n", "ids used twice: once with other content, once the same row", "warn", rows=4)
    w("csv/numbers.csv", "id,text,label\n0001,1e5,007\n9007199254740993,NaN,NULL\n3,None,N/A\n4,true,1.0\n", "must stay strings: leading zeros, big integers, NaN/None/NULL words", "accept", rows=4)


def json_files():
    w("json/truncated.json", '[{"text":"a","label":"x"},{"text":"b","lab', "cut off", "reject")
    w("json/one_bad_line.jsonl", '{"text":"a","label":"x"}\n{"text": oops}\n\n[1,2]\n{"text":"b","label":"y"}\n', "a syntax error, a blank line and a non-object among good lines", "warn", rows=2)
    w("json/deep.json", "[" * 100000 + "]" * 100000, "100,000 nested lists", "reject")
    w("json/nan.jsonl", '{"text":"a","score":NaN}\n{"text":"b","score":1e999}\n', "NaN and a number out of range", "warn", rows=2)
    w("json/dup_keys.jsonl", '{"text":"a","text":"b","label":"x"}\n', "the same key twice", "warn", rows=1)
    w("json/proto.jsonl", '{"__proto__":{"admin":true},"constructor":{"x":1},"text":"a","label":"__proto__"}\n', "names that matter to JavaScript", "accept", rows=1)
    w("json/spans_bad.jsonl", "".join(json.dumps({"text": "北京大学 is in Beijing 😀 ok", "spans": s}, ensure_ascii=False) + "\n" for s in (
        [{"start": 0, "end": 4, "label": "ORG"}], [{"start": 5, "end": 3, "label": "X"}], [{"start": -2, "end": 4, "label": "X"}], [{"start": 0, "end": 999, "label": "X"}],
        [{"start": 0, "end": 2, "label": "LOC"}, {"start": 1, "end": 4, "label": "ORG"}], [{"start": 2, "end": 2, "label": "X"}], [{"start": "0", "end": 4.0, "label": None}])), "good, reversed, negative, beyond the end, crossing, empty and mistyped spans", "warn", rows=7, good=2)


def hostile_strings():
    xss = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "<svg/onload=alert(1)>", "{{7*7}}", "${7*7}", "'; DROP TABLE items;--", "../../etc/passwd", "%00", "\u202egnp.exe", "a\u200bb", "\ufeff", "Ａ", "e\u0301", "é", "👩‍👩‍👧", "\x1b[31mred\x1b[0m", "a" * 300, " ", "CON", "."]
    s = io.StringIO()
    c = csv.writer(s, lineterminator="\n"); c.writerow(["id", "text", "label"])
    for i, x in enumerate(xss):
        c.writerow([i, x, x])
    w("xss/strings.csv", s.getvalue(), "markup, templates, SQL, control and look-alike characters as text and as label", "accept", rows=len(xss), note="shown as text everywhere; label 13 and 14 differ only in Unicode normal form")
    w("xss/script.svg", '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="alert(1)"><script>alert(2)</script><rect width="40" height="40"/><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(3)"/></foreignObject></svg>', "SVG with scripts", "reject", note="or never serve it as an active document")
    w("xss/image_is_html.png", "<html><script>alert(1)</script></html>", "HTML named .png", "reject")
    w("xss/<img src=x onerror=alert(1)>.png" if os.name != "nt" else "xss/img.png", png(8, 8), "a file name with markup", "accept")
    w("xml/xxe.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation><filename>&x;</filename><object><name>a</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>', "external entity", "reject")
    w("xml/laughs.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{"&a%d;" % (i - 1) * 10}">' for i in range(1, 10)) + "]><annotation><filename>&a9;</filename></annotation>", "entity expansion bomb", "reject")


def images():
    w("img/ok.png", png(16, 12), "a good image", "accept")
    w("img/truncated.png", png(64, 64)[:900], "cut off", "reject")
    w("img/bad_crc.png", png(16, 12, crc_ok=False), "checksum error in the pixel data: many decoders show it all the same", "warn")
    w("img/header_bomb.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""), "says 20,000 x 20,000, has no data", "reject")
    co = zlib.compressobj(9); raw = b"".join(co.compress(b"\0" * 30001) for _ in range(10000)) + co.flush()
    w("img/pixel_bomb.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10000, 10000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", raw) + chunk(b"IEND", b""), "a real 10,000 x 10,000 image in 300 kB; 300 MB decoded", "reject", note="or accept within a stated limit")
    w("img/zero.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 5, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""), "width 0", "reject")
    w("img/one_pixel.png", png(1, 1), "1 x 1", "accept")
    w("img/gray16.png", png(4, 4, rows=b"".join(b"\0" + bytes(8) for _ in range(4)), color=0, depth=16), "16-bit gray", "accept")
    w("img/wide.png", png(6000, 2), "6,000 x 2", "accept")
    w("img/jpeg_named_png.png", b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 50, "JPEG start named .png, cut off", "reject")
    w("img/empty.jpg", b"", "empty", "reject")


def archives():
    w("zip/slip.zip", zipb([("../../evil.txt", "x"), ("ok/a.txt", "a"), ("/abs.txt", "y"), ("..\\win.txt", "z")]), "paths that leave the folder", "reject")
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        i = zipfile.ZipInfo("link"); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, "/etc/passwd"); z.writestr("a.txt", "a")
    w("zip/symlink.zip", b.getvalue(), "a symbolic link to a file outside", "reject")
    w("zip/bomb_200mb.zip", zeros_zip(200), "200 MB of zeros in 200 kB", "reject")
    w("zip/nested.zip", zipb([(f"l{i}.zip", zipb([("in.zip", zipb([("z.txt", b"0" * 1000000)]))])) for i in range(5)]), "zips in zips", "warn")
    w("zip/many.zip", zipb([(f"{i}.txt", "") for i in range(20000)]), "20,000 empty files", "warn")
    w("zip/dup_names.zip", zipb([("a.csv", "id,text,label\n1,a,x\n"), ("A.csv", "id,text,label\n1,b,y\n")]), "names that differ only in case", "accept")
    w("zip/truncated.zip", zipb([("a.txt", os.urandom(5000))])[:3000], "cut off", "reject")


def tarb(items, links=(), mode="w"):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode=mode) as t:
        for n, d in items:
            i = tarfile.TarInfo(n); i.size = len(d); t.addfile(i, io.BytesIO(d))
        for n, target in links:
            i = tarfile.TarInfo(n); i.type, i.linkname = tarfile.SYMTYPE, target; t.addfile(i)
    return b.getvalue()


def locked_zip():
    data = bytearray(zipb([("a.txt", b"a")]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def other_archives():
    w("zip/locked.zip", locked_zip(), "locked with a password", "reject")
    w("zip/double.zip", double_zip(), "the same name twice", "reject")
    w("zip/bad_crc.zip", zipb([("a.txt", b"hello world, hello world")]).replace(struct.pack("<I", zlib.crc32(b"hello world, hello world")), b"abcd"), "the checksum does not fit", "reject")
    w("zip/pictures.zip", zipb([("a.png", png(4, 4)), ("b.png", png(4, 4))]), "two pictures and nothing else", "accept", rows=2)
    w("zip/mixed.zip", zipb([("pos/a.txt", "很好".encode("gb18030")), ("neg/b.txt", b"bad \xff\xfe\x81 bytes \x00\x01\x02"), ("neg/c.txt", b"fine"), ("neg/d.png", png(2, 2))]), "texts in two classes, one with bytes of no encoding, and a picture", "warn", rows=4)
    w("tar/slip.tar", tarb([("../../evil.txt", b"x")]), "a path that leaves the folder", "reject")
    w("tar/link.tar.gz", tarb([("a.txt", b"a")], [("b.txt", "/etc/passwd")], "w:gz"), "a symbolic link", "reject")
    w("tar/bomb.tar.gz", tarb([(f"{i}.txt", b"0" * (8 << 20)) for i in range(4)], mode="w:gz"), "32 MB of zeros in 32 kB", "reject")
    w("tar/truncated.tar.gz", tarb([("a.txt", os.urandom(50000))], mode="w:gz")[:20000], "cut off", "reject")


def double_zip():
    data = zipb([("a.txt", b"one"), ("b.txt", b"two")])
    return data.replace(b"b.txt", b"a.txt")


def workbook(sheet, **parts):
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets><sheet name="Data" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    return zipb([*{**files, **parts}.items()])


def cells(*rows):
    return "".join(f'<row r="{n}">' + "".join(f'<c r="{chr(65 + i)}{n}" t="inlineStr"><is><t>{v}</t></is></c>' for i, v in enumerate(row)) + "</row>" for n, row in rows)


def columnar():
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet as pq

    table = pa.table({"text": ["好", "b"], "label": ["x", "y"]})
    b = io.BytesIO(); pq.write_table(table, b); parquet = b.getvalue()
    b = io.BytesIO(); pa.feather.write_feather(table, b, compression="uncompressed"); arrow = b.getvalue()
    w("parquet/truncated.parquet", parquet[: len(parquet) // 2], "cut off: the footer is gone", "reject")
    w("parquet/only_magic.parquet", b"PAR1" + bytes(20) + b"PAR1", "magic and nothing else", "reject")
    w("parquet/named.csv", parquet, "Parquet named .csv", "warn", rows=2)
    w("parquet/packed.parquet.gz", gzip.compress(parquet, mtime=0), "Parquet inside gzip", "reject")
    w("parquet/text.parquet", ZH, "CSV named .parquet", "warn", rows=2)
    w("arrow/truncated.arrow", arrow[: len(arrow) - 40], "cut off", "reject")
    ok = cells((1, ("text", "label")), (2, ("好", "x")))
    w("xlsx/truncated.xlsx", workbook(ok)[:600], "cut off", "reject")
    w("xlsx/laughs.xlsx", workbook(ok, **{"xl/workbook.xml": '<!DOCTYPE a [<!ENTITY a0 "ha"><!ENTITY a1 "&a0;&a0;">]><workbook>&a1;</workbook>'}), "entities in a part", "reject")
    w("xlsx/locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(96), "locked with a password", "reject")
    w("xlsx/old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook".encode("utf-16-le") + bytes(96), "the old binary format", "reject")
    w("xlsx/far_cell.xlsx", workbook(ok + cells((999999999, ("z", "z")))), "a cell in row 999,999,999", "reject")


def annotations():
    w("ann/coco_bad.json", json.dumps({"images": [{"id": 1, "file_name": "../../x.png", "width": 10, "height": 10}, {"id": 1, "file_name": "b.png", "width": 10, "height": 10}],
        "categories": [{"id": 1, "name": "a"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 9, "bbox": [0, 0, 5, 5]}, {"id": 2, "image_id": 7, "category_id": 1, "bbox": [0, 0, 5, 5]},
        {"id": 3, "image_id": 1, "category_id": 1, "bbox": [8, 8, 50, 50]}, {"id": 4, "image_id": 1, "category_id": 1, "bbox": [1, 1, -3, 4]}, {"id": 5, "image_id": 1, "category_id": 1, "bbox": [0, 0]},
        {"id": 6, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "segmentation": [[0, 0, 1]]}, {"id": 7, "image_id": 1, "category_id": 1, "bbox": ["a", None, 1, 1]}]}), "unknown class, unknown image, box outside, negative width, short box, open polygon, mistyped box, image id twice, path outside", "reject", note="or list each of the problems")
    w("ann/yolo_bad.txt", "0 0.5 0.5 0.2 0.2\n99 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n0 0.5 0.5 nan 0.2\n0 0.5 0.5\n0 0.5 0.5 0 0\n", "one good line, five bad ones", "warn", rows=1)
    w("ann/bad.conll", "EU B-ORG\nrejects\nGerman I-MISC\n\nx B-\ny I-PER\nz Z-ORG\n", "missing tag, I without B, unknown prefix, empty label", "warn")


def make(folder: Path) -> dict[str, dict]:
    """Write all files and return what is expected of each."""
    global out
    out = folder
    expected.clear()
    for write in (encodings, tables, json_files, hostile_strings, images, archives, other_archives, columnar, annotations):
        write()
    (folder / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1), encoding="utf-8")
    return expected


if __name__ == "__main__":
    print(len(make(Path(sys.argv[1]))), "files in", sys.argv[1])
