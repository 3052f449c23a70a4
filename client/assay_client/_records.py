"""What the service gives back, as frozen records. Times are ISO 8601 strings in UTC."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from assay_client._exceptions import UnexpectedAnswer

OPEN_STATES = frozenset({"queued", "running", "cancelling"})


@dataclass(frozen=True, kw_only=True)
class Record:
    """Fields this client knows by name; `raw` is the whole answer, with whatever a newer server adds."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Read a record out of an answer.

        Raises:
            UnexpectedAnswer: the answer is no object, or lacks a field that has no default.
        """
        if not isinstance(body, Mapping):
            raise UnexpectedAnswer(f"The server sent no {cls.__name__} but {type(body).__name__}.")
        known = [item for item in dataclasses.fields(cls) if item.name != "raw"]
        missing = [item.name for item in known if item.name not in body and _needed(item)]
        if missing:
            raise UnexpectedAnswer(f"The server sent a {cls.__name__} without {', '.join(missing)}.")
        return cls(raw=body, **{item.name: body[item.name] for item in known if item.name in body})


def _needed(item: dataclasses.Field[Any]) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


@dataclass(frozen=True, kw_only=True)
class Me(Record):
    """Who the token acts for."""

    email: str
    name: str = ""
    organization: int
    role: str
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Job(Record):
    """Any long work."""

    id: int
    kind: str
    title: str = ""
    subject: str = ""
    state: str
    stage: str = ""
    done: int = 0
    total: int | None = None
    rows_done: int = 0
    rows_refused: int = 0
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    attempt: int = 0
    created_at: str = ""
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the job has not ended."""
        return self.state in OPEN_STATES

    @property
    def fraction(self) -> float | None:
        """Return how much is done, from 0 to 1; None while the job does not know."""
        return min(1.0, self.done / self.total) if self.total else None


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    """A client's data under one name."""

    id: int
    name: str
    description: str = ""
    created_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Upload(Record):
    """A file as it came, and what was found in it."""

    id: int
    dataset: int
    file_name: str
    byte_count: int
    sha256: str = ""
    profile: dict[str, Any] | None = None
    licence: str = ""
    source: str = ""
    consent: str = ""
    collected_on: str | None = None
    job: int | None = None
    refused_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Fetch(Record):
    """A file that the service got itself, and what became of it.

    Attributes:
        state: waiting, fetched, imported or refused.
        reason: Why it was refused.
    """

    id: int
    number: int
    address: str
    state: str
    code: str = ""
    reason: str = ""
    byte_count: int | None = None
    upload: int | None = None
    row_count: int = 0
    refused_count: int = 0
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class Source(Record):
    """A bucket whose new files come into a dataset; its keys are only named."""

    id: int
    dataset: int
    name: str
    endpoint: str
    bucket: str
    prefix: str = ""
    pattern: str = ""
    region: str = ""
    keys_name: str = ""
    job: int | None = None
    synced_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Erasure(Record):
    """A person who is to be erased: searched, reviewed, confirmed, certified."""

    id: int
    reference: str
    state: str
    job: int | None = None
    places: dict[str, Any] = field(default_factory=dict)
    removed: dict[str, Any] = field(default_factory=dict)
    finished_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Version(Record):
    """An immutable state of a dataset."""

    id: int
    dataset: int
    number: int
    kind: str
    parent: int | None = None
    note: str = ""
    content_hash: str
    row_count: int
    byte_count: int = 0
    licence: str = ""
    source: str = ""
    consent: str = ""
    collected_on: str | None = None
    created_at: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """A plan applied to a version."""

    id: int
    input: int
    output: int | None = None
    steps: Any = None
    fingerprint: str = ""
    job: int | None = None
    report: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Bulk(Record):
    """One answer that was given to many items at once.

    Attributes:
        filter: What was chosen: the filter, or ``items`` as numbers and ranges.
        state: running, done, undoing or undone.
        counts: How many items came to what; ``stored`` and ``changed`` were answered.
        undone: How many answers were ``taken_back``, ``restored`` and ``kept``.
        job: The job that gives or undoes the answers, None when the request did it.
    """

    id: int
    project: int
    annotator: int
    annotator_name: str = ""
    answer: dict[str, Any]
    filter: dict[str, Any] = field(default_factory=dict)
    change_own: bool = False
    state: str
    counts: dict[str, int] = field(default_factory=dict)
    undone: dict[str, int] = field(default_factory=dict)
    job: dict[str, Any] | None = None
    created_at: str = ""
    undone_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Assignment(Record):
    """Tasks that were given to people, or taken back from them, by one order.

    Attributes:
        kind: give or take.
        people: Ids of the people.
        filter: What was chosen; empty for all that a person has.
        each: Of these people, how many get each task.
        per_person: Tasks for one person at most; None for no limit.
        skill_column: The column that was matched to skills; empty for none.
        state: running or done.
        counts: ``people`` (places by person), ``tasks``, and what was passed over: ``full``, ``theirs``, ``enough``.
        job: The job that carries it out, None when the request did it.
    """

    id: int
    project: int
    kind: str
    people: list[int]
    filter: dict[str, Any] = field(default_factory=dict)
    each: int = 1
    per_person: int | None = None
    skill_column: str = ""
    state: str
    counts: dict[str, Any] = field(default_factory=dict)
    job: dict[str, Any] | None = None
    created_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Project(Record):
    """Labeling work on a version."""

    id: int
    name: str
    version: int
    dataset: int
    schema: dict[str, Any] = field(default_factory=dict)
    guidelines: str = ""
    overlap: int = 1
    overlap_share: int = 0
    overlap_in_share: int = 2
    overlap_seed: int = 0
    only_assigned: bool = False
    answers_wanted: int = 0
    state: str = ""
    task_count: int = 0
    progress: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Training(Record):
    """One fit of one model family on one version."""

    id: int
    name: str = ""
    version: int | None = None
    task: str = ""
    answer: str = ""
    family: str = ""
    seed: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    job: int | None = None
    state: str | None = None
    encoder: str = ""
    device: str = ""
    model: int | None = None
    compression: int | None = None
    fingerprint: str = ""
    members: list[int] = field(default_factory=list)
    report: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Check(Record):
    """A question about augmentation; `report` is there once its job has succeeded."""

    id: int
    kind: str
    name: str = ""
    version: int | None = None
    training: int | None = None
    task: str = ""
    answer: str = ""
    family: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] | None = None
    seed: int = 0
    seeds: int = 1
    split: str = ""
    least_safe: float | None = None
    uses: list[str] = field(default_factory=list)
    job: int | None = None
    state: str | None = None
    report: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Bundle(Record):
    """An exported, quantized, self-describing model, or the refusal of one."""

    id: int
    model: int
    state: str
    job: int | None = None
    sha256: str = ""
    byte_count: int = 0
    limit_points: float = 0.0
    gate: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Compression(Record):
    """A search for a smaller form of a model."""

    id: int
    model: int
    limit_drop: float = 0.0
    limit_bytes: int | None = None
    limit_ms: float | None = None
    job: int | None = None
    state: str | None = None
    report: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment(Record):
    """A name under which predictions are asked for."""

    id: int
    name: str
    slug: str = ""
    bundle: int
    sha256: str = ""
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class Prediction(Record):
    """A label with calibrated probabilities.

    Attributes:
        label: The likeliest label.
        probabilities: For every label its probability, 0 to 1; they add up to 1.
        bundle: SHA-256 of the bundle that answered.
    """

    label: str
    probabilities: dict[str, float]
    bundle: str = ""

    @property
    def confidence(self) -> float:
        """Return the probability of the label."""
        return self.probabilities.get(self.label, 0.0)


@dataclass(frozen=True, kw_only=True)
class Explanation(Record):
    """Why a model says what it says of an item or a text.

    Attributes:
        item: The item of the training's version; None for a text.
        text: The text that was sent; empty for an item.
        label: The label that is explained beside the predicted ones.
        result: None until the job has succeeded; then ``prediction``, ``probabilities``, ``kind`` (words, spans, pixels
            or columns) and ``parts``, one for each label or span, with its ``weights``.
    """

    id: int
    training: int
    item: int | None = None
    text: str = ""
    label: str = ""
    job: int | None = None
    state: str | None = None
    result: dict[str, Any] | None = None
