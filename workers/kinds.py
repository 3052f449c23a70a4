"""Every kind of job, by the name of the Celery task that does it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are run.

    Attributes:
        title: What people call it.
        queue: ``interactive`` (somebody waits), ``default`` or ``heavy`` (minutes of processor time).
        attempts: How often a job may start before a lost worker counts as a failure.
    """

    title: str | Promise
    queue: str = "default"
    attempts: int = 5


KINDS: dict[str, Kind] = {
    "curation.import_file": Kind(_("Import")),
    "curation.import_addresses": Kind(_("Import from addresses")),
    "curation.sync_source": Kind(_("Sync of a bucket")),
    "curation.run_plan": Kind(_("Curation run")),
    "curation.near_shard": Kind(_("Part of a search for near-duplicates")),
    "curation.apply_decisions": Kind(_("Decisions applied")),
    "curation.decide_by_rule": Kind(_("Decisions by rule"), "interactive"),
    "curation.write_download": Kind(_("Download")),
    "curation.diff": Kind(_("Comparison of versions")),
    "curation.write_diff": Kind(_("Download of a comparison")),
    "curation.index_version": Kind(_("Search index")),
    "curation.embed_version": Kind(_("Embedding"), "heavy"),
    "curation.draw_pairs": Kind(_("Pairs for review"), "heavy"),
    "labeling.create_tasks": Kind(_("Task creation")),
    "labeling.publish": Kind(_("Publication of labels")),
    "labeling.export": Kind(_("Export")),
    "labeling.import_labeled": Kind(_("Import with labels")),
    "labeling.label_studio_import": Kind(_("Import through Label Studio's API")),
    "labeling.label_studio_export": Kind(_("Export through Label Studio's API")),
    "labeling.grow_version": Kind(_("New items into a version"), "interactive"),
    "labeling.take_answers": Kind(_("Import of answers")),
    "labeling.measure_agreement": Kind(_("Measure of agreement")),
    "labeling.weigh_answers": Kind(_("Comparison of answers")),
    "labeling.migrate_answers": Kind(_("Change of questions")),
    "labeling.answer_bulk": Kind(_("Bulk answers")),
    "labeling.assign": Kind(_("Assignment of tasks")),
    "labeling.import_gold": Kind(_("Import of right answers")),
    "labeling.undo_bulk": Kind(_("Undoing of bulk answers")),
    "labeling.give_back": Kind(_("Return of accepted answers")),
    "labeling.count_work": Kind(_("Count of the work")),
    "labeling.apply_rules": Kind(_("Labeling rules"), "heavy"),
    "labeling.ask_backend": Kind(_("Suggestions from a server")),
    "labeling.import_predictions": Kind(_("Import of predictions")),
    "modeling.suggest": Kind(_("Suggestions"), "heavy"),
    "modeling.find_label_errors": Kind(_("Search for label errors"), "heavy"),
    "modeling.train": Kind(_("Training"), "heavy"),
    "modeling.search": Kind(_("Search for settings"), "heavy"),
    "modeling.search_trials": Kind(_("Part of a search for settings"), "heavy"),
    "modeling.combine": Kind(_("Ensemble"), "heavy"),
    "modeling.check": Kind(_("Check of a policy of augmentation"), "heavy"),
    "modeling.explain": Kind(_("Explanation"), "interactive", attempts=3),
    "modeling.export_bundle": Kind(_("Bundle export"), "heavy"),
    "modeling.compress": Kind(_("Search for a smaller model"), "heavy"),
    "modeling.keep_student": Kind(_("Keeping a smaller model"), "heavy"),
    "modeling.search_subject": Kind(_("Search for a person")),
    "modeling.erase_subject": Kind(_("Erasure of a person"), attempts=20),
    "workers.check": Kind(_("Check of the workers"), "interactive"),
}
QUEUES = ("interactive", "default", "heavy")
