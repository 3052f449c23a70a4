"""A real Label Studio with four projects: choices, spans with relations, shapes on pictures, and everything else."""

import http.cookiejar
import re
import secrets
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _filled import PASSWORD, Api, Filled, Thing, digest, environment, picture, running, turned_box, wait_for

ADMIN, ANNOTATOR = "admin@example.com", "bo@example.com"
CHOICES = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">'
    '<Choice value="ham" hotkey="h" background="#00aa00"/><Choice value="spam"/><Choice value="谣言"/></Choices></View>'
)
NAMES = (
    '<View><Labels name="names" toName="text"><Label value="PER" background="#ff0000"/><Label value="ORG"/>'
    '<Label value="地点"/></Labels><Relations><Relation value="works for"/><Relation value="in"/></Relations>'
    '<Text name="text" value="$text"/></View>'
)
SHAPES = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="things" toName="image"><Label value="car"/>'
    '<Label value="行人"/></RectangleLabels><PolygonLabels name="areas" toName="image"><Label value="road"/>'
    '</PolygonLabels><KeyPointLabels name="marks" toName="image"><Label value="wheel"/></KeyPointLabels></View>'
)
REVIEWS = (
    '<View><Text name="text" value="$text"/><Choices name="about" toName="text" choice="multiple">'
    '<Choice value="food"/><Choice value="price"/><Choice value="staff"/></Choices>'
    '<Rating name="stars" toName="text" maxRating="5"/>'
    '<Taxonomy name="place" toName="text"><Choice value="Asia"><Choice value="China"/><Choice value="Japan"/></Choice>'
    '<Choice value="Europe"/></Taxonomy><TextArea name="summary" toName="text"/></View>'
)


@contextmanager
def label_studio(venv: Path, folder: Path, port: int) -> Iterator[tuple[str, str, list[Filled]]]:
    """Start a Label Studio on SQLite, fill it through its API; give its address, a personal token, what is in it."""
    token = secrets.token_hex(20)
    account = {"USERNAME": ADMIN, "PASSWORD": PASSWORD, "USER_TOKEN": token}
    env = environment(
        folder,
        **account,
        **{f"LABEL_STUDIO_{name}": value for name, value in account.items()},
        COLLECT_ANALYTICS="False",
        collect_analytics="False",
        LATEST_VERSION_CHECK="False",
        SENTRY_DSN="",
        FRONTEND_SENTRY_DSN="",
        LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN="true",
        LABEL_STUDIO_BASE_DATA_DIR=str(folder),
        DJANGO_DB="sqlite",
    )
    program, log = str(venv / "bin" / "label-studio"), folder / "label-studio.log"
    init = [program, "init", "--username", ADMIN, "--password", PASSWORD, "--user-token", token]
    with log.open("ab") as output:
        subprocess.run(init, env=env, cwd=folder, check=True, stdout=output, stderr=output)
    command = [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    root = f"http://127.0.0.1:{port}"
    with running(command, env, log, folder) as process:
        wait_for(f"{root}/health", process, log)
        filled = _Filling(root, token).fill()
        # People make such a token today; it is exchanged for one of five minutes.
        personal = Api(root, f"Token {token}").call("POST", "/api/token/", {})["token"]
        yield root, personal, filled


class _Filling:
    """Two people at work."""

    def __init__(self, root: str, token: str) -> None:
        self.root = root
        self.ann = Api(root, f"Token {token}")
        self.bo = Api(root, f"Token {self._sign_up()}")

    def _sign_up(self) -> str:
        """Let a second person join through the invite link, as people do."""
        invite = urllib.parse.urljoin(self.root, self.ann.call("GET", "/api/invite")["invite_url"])
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        with browser.open(invite) as page:
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert found is not None
        fields = {"csrfmiddlewaretoken": found[1], "email": ANNOTATOR, "password": PASSWORD}
        data = urllib.parse.urlencode({**fields, "allow_newsletters": "false"}).encode()
        browser.open(urllib.request.Request(invite, data, {"Referer": invite})).close()
        with browser.open(f"{self.root}/api/current-user/token") as answer:
            return re.findall(r"[0-9a-f]{40}", answer.read().decode())[0]

    def fill(self) -> list[Filled]:
        """Return the projects."""
        return [self.choices(), self.names(), self.shapes(), self.reviews()]

    def _project(self, title: str, config: str, overlap: int = 2) -> Filled:
        fields = {"title": title, "label_config": config, "maximum_annotations": overlap}
        fields |= {"expert_instruction": f"<p>Read {title} <b>twice</b>.</p>", "show_skip_button": True}
        made = self.ann.call("POST", "/api/projects", fields)
        return Filled("label-studio", made["id"], title, guidelines=f"Read {title} twice.")

    def _tasks(self, filled: Filled, rows: list[dict[str, Any]]) -> None:
        self.ann.call("POST", f"/api/projects/{filled.number}/import", [{"data": row} for row in rows])
        for task in self.tasks(filled.number):
            columns = {name: value for name, value in task["data"].items() if name != "text"}
            filled.things[task["data"]["text"]] = Thing(number=task["id"], columns=columns)

    def tasks(self, number: int) -> list[dict[str, Any]]:
        """Return the tasks of a project as Label Studio lists them."""
        return self.ann.call("GET", f"/api/tasks?project={number}&page_size=1000&fields=all")["tasks"]

    def _say(self, who: Api, thing: Thing, result: list[dict[str, Any]], answer: Any, **more: Any) -> None:
        made = who.call("POST", f"/api/tasks/{thing.number}/annotations/", {"result": result, "lead_time": 7.5, **more})
        person = ADMIN if who is self.ann else ANNOTATOR
        thing.answers[person], thing.times[person] = answer, (made["created_at"], made["lead_time"])
        if more.get("ground_truth"):
            self.ann.call("PATCH", f"/api/annotations/{made['id']}/", {"ground_truth": True})
            thing.final = answer

    def _predict(self, thing: Thing, model: str, result: list[dict[str, Any]], answer: Any, score: float) -> None:
        body = {"task": thing.number, "result": result, "score": score, "model_version": model}
        self.ann.call("POST", "/api/predictions/", body)
        thing.predictions[model] = (answer, score)

    def choices(self) -> Filled:
        """Texts in two languages, two people who differ, skips, ground truth, and two models."""
        filled = self._project("Messages", CHOICES)
        rows = [{"text": f"Message {number}: win a prize 🎁 now", "source": f"s{number % 3}"} for number in range(20)]
        rows += [{"text": f"第{number}条消息:今晚八点见。", "source": "微信", "votes": number} for number in range(10)]
        # More than a page of tasks, so that pages are put together.
        rows += [{"text": f"Nobody has read {number}", "source": "rest"} for number in range(90)]
        self._tasks(filled, rows)
        labels = ["ham", "spam", "谣言"]
        for number, thing in enumerate(list(filled.things.values())[:30]):
            one, other = labels[number % 3], labels[(number + number % 2) % 3]
            self._say(self.ann, thing, _chosen(one), {"label": [one]}, ground_truth=number % 5 == 1)
            if number % 7 == 3:
                self._say(self.bo, thing, [], None, was_cancelled=True)
            else:
                self._say(self.bo, thing, _chosen(other), {"label": [other]})
            self._predict(thing, "nets 1", _chosen(labels[number % 2]), {"label": [labels[number % 2]]}, number / 30)
            if number % 4 == 0:
                self._predict(thing, "nets 2", _chosen(other), {"label": [other]}, 0.5)
        return filled

    def names(self) -> Filled:
        """Spans and relations, in texts where code points, UTF-16 units and bytes differ."""
        filled = self._project("Names", NAMES, overlap=1)
        texts = [f"Li Wei {number} works for Acme in Paris." for number in range(5)]
        texts += [f"😀 李伟{number}号在北京的 Acme 工作。" for number in range(5)]
        self._tasks(filled, [{"text": text} for text in texts])
        for number, (text, thing) in enumerate(filled.things.items()):
            person = f"Li Wei {number}" if number < 5 else f"李伟{number - 5}号"
            place = "Paris" if number < 5 else "北京"
            marks = [("PER", person), ("ORG", "Acme"), ("地点", place)]
            spans = [(text.index(words), text.index(words) + len(words), label) for label, words in marks]
            result = [_marked(text, span, f"r{place}") for place, span in enumerate(spans)]
            ties = [("works for", 0, 1), ("in", 1, 2)]
            result += [_tied(f"r{one}", f"r{other}", label) for label, one, other in ties]
            relations = sorted(((label, spans[one], spans[other]) for label, one, other in ties), key=repr)
            answer = {"names": sorted(spans, key=repr), "relations": relations}
            self._say(self.ann, thing, result, answer)
            if number % 2:
                self._say(self.bo, thing, result[:1], {"names": spans[:1]})
            self._predict(thing, "tagger", result[:2], {"names": sorted(spans[:2], key=repr)}, 0.75)
        return filled

    def shapes(self) -> Filled:
        """Boxes, turned boxes, polygons and points on pictures that were uploaded, one of them turned by EXIF."""
        filled = self._project("Street", SHAPES)
        pictures = {f"street {number}.png": picture(number) for number in range(6)}
        pictures |= {"街道.jpg": picture(7, "JPEG"), "turned.jpg": picture(8, "JPEG", orientation=6)}
        for name, data in pictures.items():
            self.ann.send_file(f"/api/projects/{filled.number}/import?commit_to_project=true", name, data)
        tasks = sorted(self.tasks(filled.number), key=lambda task: task["id"])
        for number, (task, data) in enumerate(zip(tasks, pictures.values(), strict=True)):
            thing = filled.things.setdefault(digest(data), Thing(number=task["id"]))
            result, answer = _drawn(number)
            self._say(self.ann, thing, result, answer)
            if number % 2:
                self._say(self.bo, thing, result[:1], {name: answer[name][:1] for name in ("things",)})
            self._predict(thing, "detector 3", result[:1], {"things": answer["things"][:1]}, 0.25)
        return filled

    def reviews(self) -> Filled:
        """Several labels, stars, a tree and a written answer."""
        filled = self._project("Reviews", REVIEWS)
        self._tasks(filled, [{"text": f"The soup of table {number} was cold. 汤是凉的。"} for number in range(6)])
        for number, thing in enumerate(filled.things.values()):
            said = f"Cold soup, {number} stars.\nStaff was kind."
            result = [
                _result("about", "text", "choices", {"choices": ["food", "staff"]}),
                _result("stars", "text", "rating", {"rating": 1 + number % 5}),
                _result("place", "text", "taxonomy", {"taxonomy": [["Asia", "China"]]}),
                _result("summary", "text", "textarea", {"text": [said]}),
            ]
            answer = {"about": ["food", "staff"], "place": ["China"], "stars": 1 + number % 5, "summary": said}
            self._say(self.ann if number % 2 else self.bo, thing, result, answer)
        return filled


def _result(name: str, to: str, kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": to, "type": kind, "value": value, **more}


def _chosen(label: str) -> list[dict[str, Any]]:
    return [_result("label", "text", "choices", {"choices": [label]})]


def _marked(text: str, span: tuple[int, int, str], identity: str) -> dict[str, Any]:
    """Return a region with offsets as Label Studio's page counts them: in UTF-16 units."""
    start, end, label = span
    units = [len(text[:place].encode("utf-16-le")) // 2 for place in (start, end)]
    value = {"start": units[0], "end": units[1], "text": text[start:end], "labels": [label]}
    return _result("names", "text", "labels", value, id=identity)


def _tied(one: str, other: str, label: str) -> dict[str, Any]:
    return {"type": "relation", "from_id": one, "to_id": other, "direction": "right", "labels": [label]}


def _drawn(number: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return results in per cent of 200 by 100 pixels, and the same in pixels."""
    size = {"original_width": 200, "original_height": 100, "image_rotation": 0}
    box = {"x": 5 + number, "y": 10, "width": 20, "height": 30, "rotation": 0, "rectanglelabels": ["car"]}
    turned = {"x": 50, "y": 20, "width": 10, "height": 40, "rotation": 30, "rectanglelabels": ["行人"]}
    corners = [[10, 80], [30, 70], [40, 95]]
    polygon = {"points": corners, "closed": True, "polygonlabels": ["road"]}
    point = {"x": 75, "y": 50 + number, "width": 0.5, "keypointlabels": ["wheel"]}
    result = [
        _result("things", "image", "rectanglelabels", box, id=f"b{number}", **size),
        _result("things", "image", "rectanglelabels", turned, id=f"t{number}", **size),
        _result("areas", "image", "polygonlabels", polygon, id=f"p{number}", **size),
        _result("marks", "image", "keypointlabels", point, id=f"k{number}", **size),
    ]
    x, y = turned_box(100, 20, 20, 40, 30)
    things: list[tuple[Any, ...]] = [
        ("box", "car", 10.0 + 2 * number, 10.0, 40.0, 30.0),
        ("rotated_box", "行人", round(x, 2), round(y, 2), 20.0, 40.0, 30.0),
    ]
    areas = [("polygon", "road", [20.0, 80.0], [60.0, 70.0], [80.0, 95.0])]
    return result, {"things": things, "areas": areas, "marks": [("point", "wheel", 150.0, 50.0 + number)]}
