"""Trainings: one fit of one model family on one version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each
from assay_client._records import Explanation, Job, Training
from assay_client._transport import Transport


class Trainings:
    """Fits of model families on versions, with their reports."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def families(self) -> Sequence[dict[str, Any]]:
        """Return the families there are to train: name, what, when, cost, params."""
        return [dict(row) for row in self._transport.json("GET", "trainings/families/")["results"]]

    def start(
        self,
        version_id: int,
        family: str,
        *,
        params: dict[str, Any] | None = None,
        seed: int | None = None,
        name: str = "",
        task: str | None = None,
        answer: str | None = None,
        augment: str | dict[str, Any] | None = None,
    ) -> tuple[Training, Job]:
        """Send the job that trains a family on a version with labels and a split.

        Args:
            version_id: A published version.
            family: A name that `families` lists.
            params: The family's parameters, where its defaults do not suit.
            seed: Seed of all randomness; the same seed, version and machine give the same model.
            name: What the lists call it.
            task: What to learn, such as ``ner``; the likeliest that the version teaches when left out.
            answer: The column of answers; the first of the task when left out.
            augment: How training rows are changed: a policy of augmentation as YAML or as a mapping, or ``ready`` for
                the one that suits the task.
        """
        body = {"version": version_id, "family": family, "params": params, "seed": seed, "name": name or None}
        body |= {"task": task, "answer": answer, "augment": augment}
        sent = self._transport.json(
            "POST", "trainings/", body={key: value for key, value in body.items() if value is not None}
        )
        return Training.parse(sent["training"]), Job.parse(sent["job"])

    def combine(self, training_ids: Sequence[int], *, name: str = "", seed: int | None = None) -> tuple[Training, Job]:
        """Send the job that combines trainings of one version and goal into one.

        It is kept, with a model, only where it leads its best member on the validation split; `report["combination"]`
        says so, and what a prediction costs.

        Args:
            training_ids: Two to eight that are done.
            name: What the lists call it; the members' names when left out.
            seed: Of folds and intervals.
        """
        body = {"trainings": list(training_ids), "name": name or None, "seed": seed}
        sent = self._transport.json(
            "POST", "trainings/combine/", body={key: value for key, value in body.items() if value is not None}
        )
        return Training.parse(sent["training"]), Job.parse(sent["job"])

    def list(self, *, version: int | None = None, family: str | None = None) -> Iterator[Training]:
        """Give the trainings, newest first, without their reports."""
        return each(self._transport, "trainings/", Training, {"version": version, "family": family})

    def get(self, training_id: int) -> Training:
        """Return one training; `report` and `model` are there once its job has succeeded."""
        return Training.parse(self._transport.json("GET", f"trainings/{training_id}/"))

    def items(
        self, training_id: int, *, answer: str = "", prediction: str = "", wrong: bool = True, limit: int = 50
    ) -> Sequence[dict[str, Any]]:
        """Return judged items of the test split, those first that the model is most wrong about.

        Args:
            training_id: A training that is done.
            answer: Only items with this answer.
            prediction: Only items that were given this.
            wrong: Leave out items that are right.
            limit: At most so many, 1 to 100.
        """
        asked = {"answer": answer or None, "prediction": prediction or None, "wrong": wrong, "limit": limit}
        query = {name: value for name, value in asked.items() if value is not None}
        found = self._transport.json("GET", f"trainings/{training_id}/items/", params=query)
        return [dict(row) for row in found["results"]]

    def slices(self, training_id: int, column: str) -> Sequence[dict[str, Any]]:
        """Return figures of the test split for each value of a column of the version, the worst first."""
        found = self._transport.json("GET", f"trainings/{training_id}/slices/", params={"column": column})
        return [dict(row) for row in found["results"]]

    def beside(self, training_id: int, other_id: int) -> dict[str, Any]:
        """Return how two trainings compare on the test items that both judged."""
        return dict(self._transport.json("GET", f"trainings/{training_id}/beside/", params={"other": other_id}))

    def explain(
        self, training_id: int, *, item: int | None = None, text: str | None = None, label: str | None = None
    ) -> tuple[Explanation, Job | None]:
        """Send the job that explains a prediction; what was asked before is found again, with its result.

        Args:
            training_id: A training that is done.
            item: An item of the training's version.
            text: A text, in place of an item.
            label: A label to explain beside the predicted ones.

        Returns:
            The explanation, and its job to wait for; the job of one that is there is over.
        """
        body = {"item": item, "text": text, "label": label}
        sent = self._transport.json(
            "POST",
            f"trainings/{training_id}/explain/",
            body={name: value for name, value in body.items() if value is not None},
        )
        job = None if sent["job"] is None else Job.parse(sent["job"])
        return Explanation.parse(sent["explanation"]), job

    def explanation(self, explanation_id: int) -> Explanation:
        """Return one explanation; `result` is there once its job has succeeded."""
        return Explanation.parse(self._transport.json("GET", f"explanations/{explanation_id}/"))

    def explanations(self, training_id: int, *, item: int | None = None) -> Iterator[Explanation]:
        """Give the explanations that were asked for, newest first."""
        return each(self._transport, "explanations/", Explanation, {"training": training_id, "item": item})
