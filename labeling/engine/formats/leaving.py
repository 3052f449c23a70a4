"""What a format leaves out of a project, said once for each control and column, and for each item where it differs."""

from collections.abc import Collection

from labeling.engine.formats.record import Losses, Record
from labeling.engine.schema import Schema


def tell_of_controls(schema: Schema, held: Collection[str], losses: Losses, title: str) -> None:
    """Note the questions whose answers a format does not hold."""
    for control in schema.controls:
        if control.name not in held:
            losses.add(
                f"question {control.name}", "control", f"{title} has no place for a {control.type}. It is left out."
            )


def tell_of_answers(record: Record, losses: Losses, title: str) -> None:
    """Note what a format with one answer for each item leaves out of a record."""
    given = [said for said in record.answers if not said.skipped]
    if len(given) > 1 or (given and record.final is not None and given[0].answer != record.final):
        reason = f"{title} holds one answer. That of {len(given)} people is their final one, and theirs are left out."
        losses.add(record.name, "several_answers", reason)
    if any(said.skipped for said in record.answers):
        losses.add(record.name, "skipped", f"{title} cannot say that somebody skipped the item.")
    if record.predictions:
        losses.add(record.name, "predictions", f"{title} has no place for {len(record.predictions)} predictions.")


def tell_of_columns(record: Record, held: Collection[str], losses: Losses, title: str) -> None:
    """Note the columns of an item that a format does not hold, once for each column of a dataset."""
    for name in record.fields:
        if name not in held and f"column {name}" not in losses.said:
            losses.said.add(f"column {name}")
            losses.add(f"column {name}", "column", f"{title} has no place for it. It is left out.")
