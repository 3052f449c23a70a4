"""A real doccano with seven projects: labels together and apart, spans with relations, written answers, pictures."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import regex
from _filled import PASSWORD, Api, Filled, Thing, digest, environment, picture, running, wait_for

ANN, BO = "ann", "bo"
_TYPES = {"category": "category-types", "span": "span-types", "relation": "relation-types"}


@contextmanager
def doccano(venv: Path, folder: Path, port: int) -> Iterator[tuple[str, str, list[Filled]]]:
    """Start a doccano on SQLite, fill it through its API, and give its address, a password, and what is in it."""
    (folder / "media").mkdir()
    env = environment(
        folder,
        DOCCANO_HOME=str(folder),
        STANDALONE="True",
        DEBUG="False",
        DJANGO_SETTINGS_MODULE="config.settings.production",
        MEDIA_ROOT=str(folder / "media"),
        DATABASE_URL=f"sqlite:///{folder}/db.sqlite3",
    )
    program, log = str(venv / "bin" / "doccano"), folder / "doccano.log"
    with log.open("ab") as output:
        for command in (["init"], ["createuser", "--username", ANN, "--password", PASSWORD]):
            subprocess.run([program, *command], env=env, cwd=folder, check=True, stdout=output, stderr=output)
    (backend,) = venv.glob("lib/python3.*/site-packages/backend")
    # What `doccano webserver` runs, on this machine's own address alone.
    server = [str(venv / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "2", "config.wsgi"]
    root = f"http://127.0.0.1:{port}"
    with (
        running(server, env, log, backend) as process,
        running([program, "task", "--concurrency", "1"], env, folder / "task.log", folder),
    ):
        wait_for(f"{root}/v1/health/", process, log)
        yield root, PASSWORD, _Filling(root).fill()


class _Filling:
    """Two people at work."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.people = {ANN: self._sign_in(ANN)}
        person = {"username": BO, "password1": PASSWORD, "password2": PASSWORD, "email": "bo@example.com"}
        self.people[ANN].call("POST", "/v1/users/create", person)
        self.people[BO] = self._sign_in(BO)

    def _sign_in(self, name: str) -> Api:
        key = Api(self.root).call("POST", "/v1/auth/login/", {"username": name, "password": PASSWORD})["key"]
        return Api(self.root, f"Token {key}")

    def fill(self) -> list[Filled]:
        """Return the projects."""
        made = [self.together(), self.apart(), self.spans(), self.words(), self.boxes(), self.areas()]
        made.append(self.spans("Clusters", graphemes=True))
        # doccano's export of what people did apart has no times.
        for thing in (thing for filled in (made[1], made[3]) for thing in filled.things.values()):
            thing.times.clear()
        return made

    def _project(self, title: str, kind: str, labels: dict[str, list[str]], **settings: Any) -> tuple[Filled, str, Any]:
        ann = self.people[ANN]
        body = {"name": title, "description": f"{title}.", "guideline": f"# {title}\nRead twice.", "tags": []}
        body |= {"project_type": kind, "resourcetype": f"{kind}Project", "random_order": False}
        body |= {"collaborative_annotation": True, "single_class_classification": False}
        if kind == "DocumentClassification":
            body["resourcetype"] = "TextClassificationProject"
        made = ann.call("POST", "/v1/projects", {**body, **settings})
        base = f"/v1/projects/{made['id']}"
        roles = {row["name"]: row["id"] for row in ann.call("GET", "/v1/roles")}
        bo = self.people[BO].call("GET", "/v1/me")["id"]
        ann.call("POST", f"{base}/members", {"user": bo, "role": roles["annotator"]})
        known: dict[str, int] = {}
        for group, names in labels.items():
            for number, name in enumerate(names):
                row = {"text": name, "prefix_key": None, "suffix_key": str(number + 1), "text_color": "#ffffff"}
                row |= {"background_color": "#209cee"}
                known[name] = ann.call("POST", f"{base}/{_TYPES[group]}", row)["id"]
        return Filled("doccano", made["id"], title, guidelines=f"{title}.\n\n# {title}\nRead twice."), base, known

    def _texts(self, filled: Filled, base: str, texts: list[str]) -> None:
        for number, text in enumerate(texts):
            meta = {"source": f"s{number % 3}"}
            row = self.people[ANN].call("POST", f"{base}/examples", {"text": text, "meta": meta})
            filled.things[text] = Thing(number=row["id"], columns=meta)

    def _say(self, who: str, base: str, thing: Thing, route: str, body: dict[str, Any]) -> dict[str, Any]:
        made = self.people[who].call("POST", f"{base}/examples/{thing.number}/{route}", body)
        if at := made.get("updated_at") or (who not in thing.times and made.get("confirmed_at")):
            thing.times[who] = (at, 0.0)
        return made

    def together(self) -> Filled:
        """Two people on one set of labels: whose is which, what the whole is, what was confirmed and commented."""
        labels = ["good", "bad", "不好"]
        filled, base, known = self._project("Mood", "DocumentClassification", {"category": labels})
        texts = [f"Review {number} 😀" for number in range(6)] + [f"评论{number}:很好。" for number in range(106)]
        self._texts(filled, base, texts)
        for number, thing in enumerate(list(filled.things.values())[:20]):
            one, other = labels[number % 3], labels[(number + 1) % 3]
            if number % 5 == 4:
                # Confirmed without a label: that is an answer too.
                self._say(BO, base, thing, "states", {})
                thing.answers[BO] = {}
                continue
            self._say(ANN, base, thing, "categories", {"label": known[one]})
            thing.answers[ANN] = {"label": [one]}
            if number % 2:
                self._say(BO, base, thing, "categories", {"label": known[other]})
                thing.answers[BO] = {"label": [other]}
                thing.final = {"label": sorted([one, other])}
            if number % 3 == 0:
                self._say(ANN, base, thing, "states", {})
                thing.columns["confirmed_by"] = ANN
                self.people[BO].call("POST", f"{base}/comments?example={thing.number}", {"text": "看这里"})
                thing.columns["comments"] = f"{BO}: 看这里"
        return filled

    def apart(self) -> Filled:
        """Everybody has labels of their own."""
        labels = ["spam", "ham"]
        own = {"collaborative_annotation": False, "single_class_classification": True}
        filled, base, known = self._project("Mail", "DocumentClassification", {"category": labels}, **own)
        self._texts(filled, base, [f"Mail {number} 邮件" for number in range(12)])
        for number, thing in enumerate(list(filled.things.values())[:9]):
            for place, person in enumerate((ANN, BO)):
                if (number + place) % 4 == 3:
                    continue
                label = labels[(number + place) % 2]
                self._say(person, base, thing, "categories", {"label": known[label]})
                thing.answers[person] = {"label": [label]}
            if number == 8:
                continue
            if number % 4 == 3:
                self._say(ANN, base, thing, "states", {})
                thing.answers[ANN] = {}
        return filled

    def spans(self, title: str = "Entities", *, graphemes: bool = False) -> Filled:
        """Spans with relations, in texts where code points, UTF-16 units and what readers see differ."""
        counted = _clusters if graphemes else _units
        kinds = {"span": ["PER", "ORG"], "relation": ["works for"]}
        filled, base, known = self._project(
            title, "SequenceLabeling", kinds, use_relation=True, allow_overlapping=False, grapheme_mode=graphemes
        )
        self._texts(filled, base, [f"👨\u200d👩\u200d👧 李伟{number} works for Acme {number}." for number in range(8)])
        for number, (text, thing) in enumerate(filled.things.items()):
            marks = [(f"李伟{number}", "PER"), (f"Acme {number}", "ORG")]
            spans = [(text.index(words), text.index(words) + len(words), label) for words, label in marks]
            made = []
            for start, end, label in spans:
                # As its page counts: UTF-16 units, or clusters in grapheme mode.
                places = [counted(text[:place]) for place in (start, end)]
                body = {"start_offset": places[0], "end_offset": places[1], "label": known[label]}
                made.append(self._say(ANN, base, thing, "spans", body)["id"])
            tie = {"from_id": made[0], "to_id": made[1], "type": known["works for"]}
            self._say(ANN, base, thing, "relations", tie)
            relations = [("works for", spans[0], spans[1])]
            thing.answers[ANN] = {"relations": relations, "spans": sorted(spans, key=repr)}
            if number % 2:
                family = len("👨\u200d👩\u200d👧")
                body = {"start_offset": 0, "end_offset": counted(text[:family]), "label": known["ORG"]}
                self._say(BO, base, thing, "spans", body)
                thing.answers[BO] = {"spans": [(0, family, "ORG")]}
                whole = sorted([*spans, (0, family, "ORG")], key=repr)
                thing.final = {"relations": relations, "spans": whole}
        return filled

    def words(self) -> Filled:
        """Written answers, everybody's own."""
        filled, base, _known = self._project("Translation", "Seq2seq", {}, collaborative_annotation=False)
        self._texts(filled, base, [f"Good morning {number}" for number in range(5)])
        for number, thing in enumerate(list(filled.things.values())[:4]):
            for person in (ANN, BO)[: 1 + number % 2]:
                said = f"早上好{number} ({person})"
                self._say(person, base, thing, "texts", {"text": said})
                thing.answers[person] = {"answer": said}
        return filled

    def boxes(self) -> Filled:
        """Boxes on pictures."""
        filled, base, known = self._project("Cars", "BoundingBox", {"category": ["car", "行人"]})
        self._pictures(filled, base, "BoundingBox", {f"车 {number}.png": picture(20 + number) for number in range(4)})
        for number, thing in enumerate(filled.things.values()):
            box = {"x": 10.5 + number, "y": 20.0, "width": 30.0, "height": 40.25}
            self._say(ANN, base, thing, "bboxes", {**box, "label": known["car"]})
            thing.answers[ANN] = {"objects": [("box", "car", *box.values())]}
        return filled

    def areas(self) -> Filled:
        """Polygons on pictures, of two people."""
        filled, base, known = self._project("Roads", "Segmentation", {"category": ["road"]})
        self._pictures(filled, base, "Segmentation", {f"road{number}.png": picture(30 + number) for number in range(3)})
        for number, thing in enumerate(filled.things.values()):
            drawn = []
            for place, person in enumerate((ANN, BO)):
                points = [10.0 + place, 80.0, 60.0, 70.0 - number, 80.0, 95.0]
                self._say(person, base, thing, "segments", {"points": points, "label": known["road"]})
                pairs = [[points[at], points[at + 1]] for at in (0, 2, 4)]
                drawn.append(("polygon", "road", *pairs))
                thing.answers[person] = {"objects": [drawn[-1]]}
            thing.final = {"objects": sorted(drawn, key=repr)}
        return filled

    def _pictures(self, filled: Filled, base: str, task: str, pictures: dict[str, bytes]) -> None:
        """Send pictures as doccano's page does: each is parked, then a background process takes them in."""
        ann = self.people[ANN]
        ids = [ann.send_file("/v1/fp/process/", name, data, "filepond").strip('"') for name, data in pictures.items()]
        body = {"format": "ImageFile", "task": task, "uploadIds": ids, "encoding": "utf_8"}
        job = ann.call("POST", f"{base}/upload", body)["task_id"]
        until = time.monotonic() + 120
        while not (state := ann.call("GET", f"/v1/tasks/status/{job}"))["ready"]:
            if time.monotonic() > until:
                raise SystemExit("doccano did not take the pictures in.")
            time.sleep(0.2)
        if state.get("error"):
            raise SystemExit(f"doccano did not take the pictures in: {json.dumps(state)[:500]}")
        rows = ann.call("GET", f"{base}/examples?limit=100")["results"]
        for row in rows:
            data = pictures[row["upload_name"]]
            filled.things[digest(data)] = Thing(number=row["id"])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _clusters(text: str) -> int:
    return len(regex.findall(r"\X", text))
