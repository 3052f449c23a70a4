"""Has outside programs read what we write of labeled texts, and compares their counts with ours.

    python bench/text_format_judges.py --datasets PYTHON --spacy PYTHON --label-studio PYTHON --argilla PYTHON

Each PYTHON is the interpreter of an environment of its own that holds the judge: `datasets` with pandas, `spacy`,
`label-studio-sdk`, and `argilla` with requests. A judge that is left out is said to be. The project has every kind of
question; its answers are made at random from a seed. Prints a JSON object: versions, and for each format what we wrote
and what the judge counted.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema, parse_schema, validate_answer

TEXT = "Ann met Bob Smith in Łódź 北京 天气 很 好 and 🙂 wrote to the bank about a card that never came ."
WORDS = TEXT.split()


def _labels(*values: str) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


SCHEMA = parse_schema(
    {
        "display": [{"type": "text", "field": "text"}],
        "controls": [
            {"name": "kind", "type": "choice", "labels": _labels("spam", "ham", "中文")},
            {"name": "names", "type": "spans", "field": "text", "labels": _labels("PER", "LOC")},
            {"name": "ties", "type": "relations", "spans": "names", "labels": _labels("met")},
            {"name": "summary", "type": "text", "required": False},
            {"name": "stars", "type": "rating", "required": False},
        ],
    }
)
TOKENS_ONLY = parse_schema({"display": SCHEMA.to_json()["display"], "controls": [SCHEMA.controls[1].to_json()]})


def _records(schema: Schema, count: int) -> list[Record]:
    random.seed(7)
    return [_record(schema, number) for number in range(count)]


def _record(schema: Schema, number: int) -> Record:
    words = random.choices(WORDS, k=random.randint(3, 20))
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
    data = {"text": " ".join(words), "split": random.choice(["train", "train", "test"])}
    places = sorted(random.sample(range(len(words)), k=random.randint(0, 2)))
    spans = [
        {"id": f"s{place}", "start": starts[place], "end": starts[place] + len(words[place]), "label": "PER"}
        for place in places
    ]
    answer: dict[str, Any] = {"kind": [random.choice(["spam", "ham", "中文"])], "names": spans, "summary": words[0]}
    answer["ties"] = [{"from": spans[0]["id"], "to": spans[1]["id"], "label": "met"}] if len(spans) == 2 else []
    answer["stars"] = random.randint(1, 5)
    known = {name: value for name, value in answer.items() if name in schema.by_name}
    checked = validate_answer(schema, known, data)
    by = random.choice(["ann@example.org", "bob@example.org"])
    return Record(str(number), data, answers=[Said(checked, by, "2026-01-01T00:00:00+00:00")], final=checked)


# What a judge runs: it gets the folder as its argument and prints one JSON object.
JUDGES = {
    "hugging_face": """
import datasets, pandas, sys
d = datasets.load_dataset(sys.argv[1])
table = pandas.concat([each.to_pandas() for each in d.values()])
kind = d["train"].features["kind"]
out = {"judge": f"datasets {datasets.__version__}, pandas {pandas.__version__}", "items": len(table),
       "splits": {name: len(each) for name, each in d.items()}, "classes": kind.names,
       "kinds": {kind.int2str(int(k)): int(v) for k, v in table["kind"].value_counts().items()},
       "spans": int(sum(len(each) for each in table["names"].dropna())),
       "answers": int(sum(len(a) for a in table["answers"]))}
""",
    "parquet": """
import pandas, sys
table = pandas.read_parquet(sys.argv[1] + "/data.parquet")
out = {"judge": f"pandas {pandas.__version__}", "items": len(table),
       "spans": int(sum(map(len, table["names"].dropna())))}
""",
    "jsonl": """
import pandas, sys
table = pandas.read_json(sys.argv[1] + "/data.jsonl", lines=True)
out = {"judge": f"pandas {pandas.__version__}", "items": len(table),
       "spans": int(sum(len(each) for each in table["names"] if isinstance(each, list)))}
""",
    "csv": """
import json, pandas, sys
table = pandas.read_csv(sys.argv[1] + "/data.csv")
out = {"judge": f"pandas {pandas.__version__}", "items": len(table),
       "spans": sum(len(json.loads(each)) for each in table["names"].dropna())}
""",
    "conll": """
import sys, spacy
from spacy.training.converters import conll_ner_to_docs
text = open(sys.argv[1] + "/data.conll", encoding="utf-8").read()
docs = [doc for doc in conll_ner_to_docs(text.replace("\\t", " "), n_sents=1, no_print=True)]
out = {"judge": f"spacy {spacy.__version__} (conll_ner_to_docs)", "items": len(docs),
       "spans": sum(len(doc.ents) for doc in docs)}
""",
    "prodigy": """
import json, sys, spacy
nlp, rows = spacy.blank("xx"), [json.loads(line) for line in open(sys.argv[1] + "/data.jsonl", encoding="utf-8")]
spans = 0
for row in rows:
    doc = spacy.tokens.Doc(nlp.vocab, [t["text"] for t in row["tokens"]], [t["ws"] for t in row["tokens"]])
    for each in row["spans"]:
        span = doc[each["token_start"]:each["token_end"] + 1]
        spans += span.text == row["text"][each["start"]:each["end"]]
out = {"judge": f"spacy {spacy.__version__} (Doc of its tokens)",
       "items": len({row["item"] for row in rows}), "spans": spans}
""",
    "docbin": """
import pathlib, sys, spacy
from spacy.training import Corpus
nlp = spacy.blank("xx")
docs = [doc for path in sorted(pathlib.Path(sys.argv[1]).iterdir()) for doc in
        spacy.tokens.DocBin().from_disk(path / "00000.spacy").get_docs(nlp.vocab)]
assert sum(len(list(Corpus(path)(nlp))) for path in pathlib.Path(sys.argv[1]).iterdir()) == len(docs)
assert all(span.text == doc.text[span.start_char:span.end_char] for doc in docs for span in doc.spans.get("sc", []))
out = {"judge": f"spacy {spacy.__version__} (DocBin, Corpus)", "items": len(docs),
       "folders": sorted(path.name for path in pathlib.Path(sys.argv[1]).iterdir()),
       "kinds": {name: sum(doc.cats[name] == 1 for doc in docs) for name in docs[0].cats},
       "entities": sum(len(doc.ents) for doc in docs), "spans": sum(len(doc.spans.get("sc", [])) for doc in docs)}
""",
    "argilla": """
import json, sys, argilla
from argilla.records._io import JsonIO
from argilla.settings._question import _question_from_dict
settings = json.load(open(sys.argv[1] + "/.argilla/settings.json", encoding="utf-8"))
questions = [_question_from_dict(row) for row in settings["questions"]]
records = JsonIO._records_from_json(sys.argv[1] + "/records.json")
out = {"judge": f"argilla {argilla.__version__} (questions and records, without a server)", "items": len(records),
       "questions": [question.name for question in questions],
       "spans": sum(len(said.value) for record in records for said in record.responses["names"])}
""",
    "label_studio": """
import importlib.metadata, json, sys, tempfile
from label_studio_sdk.converter import Converter
from label_studio_sdk.label_interface import LabelInterface
folder = sys.argv[1]
config = open(folder + "/labeling_config.xml", encoding="utf-8").read()
LabelInterface(config).validate()
with tempfile.TemporaryDirectory() as made:
    Converter(config, folder).convert_to_json_min(folder + "/tasks.json", made, is_dir=False)
    rows = json.load(open(made + "/result.json", encoding="utf-8"))
out = {"judge": f"label-studio-sdk {importlib.metadata.version('label-studio-sdk')}", "items": len(rows),
       "spans": sum(len(row.get("names", [])) for row in rows)}
""",
}
NEEDS = dict.fromkeys(["hugging_face", "parquet", "jsonl", "csv"], "datasets")
NEEDS |= {"conll": "spacy", "prodigy": "spacy", "docbin": "spacy", "label_studio": "label_studio", "argilla": "argilla"}


def _judged(name: str, python: str, folder: Path) -> dict[str, Any]:
    code = f"import json\n{JUDGES[name]}\nprint(json.dumps(out, ensure_ascii=False))"
    done = subprocess.run([python, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Write, have judged, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=500)
    for judge in ("datasets", "spacy", "label-studio", "argilla"):
        parser.add_argument(f"--{judge}", default="", metavar="PYTHON")
    parser.add_argument("--only", nargs="*", default=sorted(NEEDS), choices=sorted(NEEDS), metavar="FORMAT")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    for name, judge in ((name, NEEDS[name]) for name in options.only):
        schema = TOKENS_ONLY if name == "conll" else SCHEMA
        records = _records(schema, options.items)
        with tempfile.TemporaryDirectory() as place:
            losses = Losses()
            write = FORMATS[name].write
            assert write is not None
            written = write(Target(Path(place), Path, losses), schema, records)
            spans = sum(len((record.final or {}).get("names", [])) for record in records)
            report[name] = {"ours": {"items": written, "spans": spans}, "losses": dict(losses.counts)}
            python = getattr(options, judge)
            report[name] |= _judged(name, python, Path(place)) if python else {"judge": "not given"}
    json.dump({"python": sys.version.split()[0], "formats": report}, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
