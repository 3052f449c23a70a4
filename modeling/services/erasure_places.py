"""Every place that may hold something of a person, and what an erasure does there: the whole of it, in two tables.

A test walks the models and the keys of objects and fails when one has no row here, or a field of text is in none of its
lists. So whoever adds a place must say what becomes of a person in it.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What is done in a place: its rows or objects go with their item; values in its texts are blanked; it is written again
# without the items; it is told to people; it holds nothing of anybody.
REMOVED, BLANKED, REWRITTEN, REPORTED, EMPTY = "removed", "blanked", "rewritten", "reported", "empty"

Words = str | Promise
_FIGURES = _("Holds numbers, hashes and codes, and nothing that anybody wrote.")
_CHOSEN = _("Labels are chosen by people of the organization; an erasure changes none. Change the questions.")
_NAMED = _("A name that people of the organization chose; an erasure changes no names. Rename it.")


@dataclass(frozen=True, slots=True)
class Table:
    """A model.

    Attributes:
        title: What people call its rows.
        owner: Path to the organization; empty when its rows belong to none.
        rows: What becomes of rows of an erased item: `REMOVED`, `REWRITTEN`, or empty when rows belong to no item.
        blanked: Fields in which values are replaced by a mark, in all rows.
        reported: Fields that are searched and only reported, for `reason`.
        harmless: Fields without anything of a client's content: states, codes, hashes, keys, settings.
        reason: Why something is only reported, or why nothing can be there.
    """

    title: Words
    owner: str = "organization"
    rows: str = ""
    blanked: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    reason: Words = ""


@dataclass(frozen=True, slots=True)
class Store:
    """Objects or files under one name.

    Attributes:
        title: What people call them.
        action: `REMOVED`, `REWRITTEN` or `REPORTED`.
        reason: What exactly is done, or why it is only reported.
    """

    title: Words
    action: str
    reason: Words


_TERMS = ("licence", "source", "consent")
TABLES: dict[str, Table] = {
    "accounts.AuditEntry": Table(
        _("Audit trail"), blanked=("data",), harmless=("action", "subject", "request_id"),
        reason=_("Entries stay; values in them are replaced."),
    ),
    "accounts.Organization": Table(_("Organization"), "pk", reported=("name",), harmless=("slug",), reason=_NAMED),
    "accounts.Membership": Table(_("Membership"), harmless=("role", "skills"), reason=_FIGURES),
    "accounts.SignInTry": Table(
        _("Failed sign-ins"), "", harmless=("email", "address"),
        reason=_("Belongs to no organization and goes by itself after a day."),
    ),
    "accounts.Token": Table(
        _("API tokens"), reported=("name",), harmless=("prefix", "digest", "scopes"), reason=_NAMED
    ),
    "accounts.User": Table(
        _("Accounts"), "memberships__organization", reported=("email", "name"), harmless=("password", "language"),
        reason=_("The account of somebody who works here is no client's data. An operator closes it."),
    ),
    "workers.Job": Table(
        _("Jobs"), blanked=("title", "params", "stage", "result", "error", "saved_state"),
        harmless=("kind", "subject", "state", "piece", "request_id", "language"),
    ),
    "workers.JobMetric": Table(_("Curves of jobs"), "job__organization", blanked=("data",)),
    "curation.Dataset": Table(_("Datasets"), blanked=("description",), reported=("name",), reason=_NAMED),
    "curation.Diff": Table(_("Comparisons"), rows=REMOVED, blanked=("summary",), harmless=("object_key",)),
    "curation.Fetch": Table(_("Fetched files"), blanked=("address", "reason"), harmless=("etag", "state", "code")),
    "curation.PairReview": Table(_("Pairs for review"), harmless=("encoder", "pairs", "counts"), reason=_FIGURES),
    "curation.PairJudgement": Table(_("Judged pairs"), "review__organization", reason=_FIGURES),
    "curation.Picture": Table(_("Pictures"), rows=REMOVED, harmless=("sha256", "format")),
    "curation.PrivacySample": Table(_("Samples"), harmless=("drawn",), reason=_FIGURES),
    "curation.PrivacyCheck": Table(_("Checked items"), rows=REMOVED),
    "curation.Provenance": Table(
        _("Sources of items"), blanked=("file_name", "address", *_TERMS), harmless=("sha256",)
    ),
    "curation.Push": Table(_("Pushes"), reported=("key",), harmless=("sha256",), reason=_NAMED),
    "curation.Decision": Table(_("Decisions"), blanked=("verdict",), harmless=("step", "code", "key")),
    "curation.Question": Table(_("Questions"), rows=REMOVED, harmless=("step", "code", "key", "state")),
    "curation.QuestionCount": Table(_("Counts of questions"), harmless=("code",), reason=_FIGURES),
    "curation.BulkCount": Table(_("Counts of rules"), harmless=("code",), reason=_FIGURES),
    "curation.Plan": Table(_("Plans"), blanked=("steps",), reported=("name",), reason=_NAMED),
    "curation.Run": Table(
        _("Runs"), blanked=("steps", "report"),
        harmless=("fingerprint", "drops_key", "replacements_key", "mapping_key", "new_items_of"),
    ),
    "curation.Finding": Table(
        _("Findings"), rows=REMOVED, blanked=("detail", "label"),
        harmless=("step", "code", "text_key", "content_key", "state"),
    ),
    "curation.Selection": Table(_("Selections"), harmless=("items",), reason=_FIGURES),
    "curation.Source": Table(
        _("Buckets"), reported=("name", "prefix", "pattern", *_TERMS),
        harmless=("endpoint", "bucket", "region", "keys_name", "options"),
        reason=_("Settings of a bucket; what was changed in them would fetch other files. Change them by hand."),
    ),
    "curation.Tag": Table(_("Tags"), reported=("name",), reason=_NAMED),
    "curation.Upload": Table(
        _("Uploads"), rows=REMOVED, blanked=("file_name", "address", "profile", "options", *_TERMS),
        harmless=("object_key", "sha256", "refused_key"),
    ),
    "curation.Version": Table(
        _("Versions"), rows=REWRITTEN, blanked=("note", "notes", *_TERMS),
        reported=("manifest",), harmless=("kind", "content_hash"),
        reason=_("Names of columns, and categories of columns that were encoded; they are part of the version's hash."),
    ),
    "labeling.Adjudication": Table(
        _("Final answers"), "project__organization", rows=REMOVED, blanked=("answer", "reason"), harmless=("state",)
    ),
    "labeling.AutoAccept": Table(
        _("Automatic acceptance"), "project__organization", harmless=("stopped_by", "last"), reason=_FIGURES
    ),
    "labeling.AcceptRound": Table(
        _("Rounds of automatic acceptance"), "project__organization", harmless=("source", "fingerprint"),
        reason=_FIGURES,
    ),
    "labeling.ModelLabel": Table(
        _("Accepted answers of models"), "project__organization", rows=REMOVED, blanked=("answer",),
        harmless=("outcome",),
    ),
    "labeling.AgreementReport": Table(
        _("Measures of agreement"), "project__organization", blanked=("report",),
        reason=_("Figures, and the labels that people chose; values in them are replaced."),
    ),
    "labeling.Annotation": Table(
        _("Answers"), "project__organization", rows=REMOVED, blanked=("answer", "reason"), harmless=("verdict", "gold")
    ),
    "labeling.Rejection": Table(
        _("Answers sent back"), "project__organization", rows=REMOVED, blanked=("answer", "reason", "why"),
        harmless=("gold",),
    ),
    "labeling.AnnotationRevision": Table(
        _("Earlier answers"), "task__project__organization", rows=REMOVED, blanked=("answer",)
    ),
    "labeling.Assignment": Table(
        _("Assignments"), "project__organization", blanked=("selection",),
        harmless=("kind", "people", "skill_column", "state", "counts"),
    ),
    "labeling.Bulk": Table(
        _("Bulk answers"), "project__organization", blanked=("answer", "selection"),
        harmless=("state", "counts", "undone"),
    ),
    "labeling.BulkTask": Table(_("Items of bulk answers"), "bulk__project__organization", rows=REMOVED),
    "labeling.Comment": Table(
        _("Comments"), "project__organization", rows=REMOVED, blanked=("body",), harmless=("control", "part")
    ),
    "labeling.Export": Table(
        _("Exports"), "project__organization", harmless=("file_format", "options", "losses"),
        reason=_("Formats, numbers and codes. The files themselves go as a whole."),
    ),
    "labeling.Dispute": Table(
        _("Tasks on which people differ"), "project__organization", rows=REMOVED, blanked=("controls",),
        harmless=("state",),
    ),
    "labeling.Gold": Table(
        _("Right answers"), "project__organization", rows=REMOVED, blanked=("answer", "explanation"), harmless=("use",)
    ),
    "labeling.Onboarding": Table(
        _("Training and tests"), "project__organization", harmless=("stage", "training", "test"), reason=_FIGURES
    ),
    "labeling.OnboardingAnswer": Table(
        _("Answers in training and tests"), "onboarding__project__organization", rows=REMOVED, blanked=("answer",),
        harmless=("outcome",),
    ),
    "labeling.Mention": Table(_("Mentions"), "comment__project__organization", rows=REMOVED, reason=_FIGURES),
    "labeling.Progress": Table(
        _("Progress"), "project__organization", harmless=("paused_why",), reason=_FIGURES
    ),
    "labeling.Tally": Table(
        _("Counts of labels"), "project__organization", reported=("name",), harmless=("kind", "control"),
        reason=_("Names of labels in a project's schema."),
    ),
    "labeling.WorkCount": Table(_("Counts of work"), "project__organization", reason=_FIGURES),
    "labeling.WorkDay": Table(
        _("Counts of work by day"), "project__organization", harmless=("times",), reason=_FIGURES
    ),
    "labeling.WorkLabel": Table(
        _("Counts of work by label"), "project__organization", reported=("label",), harmless=("control", "times"),
        reason=_("Names of labels in a project's schema."),
    ),
    "labeling.Project": Table(
        _("Projects"), blanked=("guidelines",), reported=("name", "schema", "skip_reasons"),
        harmless=("state", "order", "learning"),
        reason=_CHOSEN,
    ),
    "labeling.SchemaRevision": Table(
        _("Changes of questions"), "project__organization", reported=("before", "after", "renamed", "reopened"),
        reason=_CHOSEN,
    ),
    "labeling.Backend": Table(
        _("Servers that suggest"), "project__organization", reported=("user",),
        harmless=("url", "model_version", "state", "problem", "sealed_password"),
        reason=_("How a server is reached; what was changed in it would reach none. Change it by hand."),
    ),
    "labeling.LabelingRule": Table(
        _("Labeling rules"), "project__organization", reported=("name", "label", "params"),
        harmless=("kind", "figures", "stopped"),
        reason=_("What people wrote to find items; changed terms would find others. Change the rule by hand."),
    ),
    "labeling.LabelStudioImport": Table(
        _("Imports through Label Studio's API"), "project__organization", blanked=("refused",), harmless=("sha256",)
    ),
    "labeling.LabelStudioProject": Table(
        _("Projects of Label Studio's API"), "project__organization", blanked=("description",),
        reported=("label_config",), reason=_CHOSEN,
    ),
    "labeling.LabelStudioTask": Table(
        _("Tasks as they were sent"), "project__organization", rows=REMOVED, blanked=("data", "meta", "waiting")
    ),
    "labeling.Suggestion": Table(
        _("Suggestions"), "project__organization", rows=REMOVED, blanked=("answer", "source"), harmless=("reason",)
    ),
    "labeling.SuspectLabel": Table(
        _("Suspected label errors"), "project__organization", rows=REMOVED,
        blanked=("given", "suggested", "before", "after"), harmless=("state", "control", "mark", "kind"),
    ),
    "labeling.Task": Table(_("Tasks"), "project__organization", rows=REMOVED, blanked=("data",)),
    "labeling.Lease": Table(_("Leases"), "project__organization", rows=REMOVED),
    "labeling.Draft": Table(_("Drafts"), "task__project__organization", rows=REMOVED, blanked=("answer",)),
    "modeling.Bundle": Table(
        _("Bundles"), reported=("files", "gate"), harmless=("state", "rung", "object_key", "sha256"),
        reason=_("What a model learned cannot be taken out of it. Train again on the version as it is now."),
    ),
    "modeling.Compression": Table(
        _("Searches for smaller models"), blanked=("report",), harmless=("recipes",),
        reason=_("Figures of candidates; what a model learned cannot be taken out of it."),
    ),
    "modeling.Check": Table(
        _("Checks of augmentation"), rows=REWRITTEN, blanked=("params", "policy", "report"), reported=("name",),
        harmless=("kind", "task", "answer", "family", "split", "uses"), reason=_NAMED,
    ),
    "modeling.Deployment": Table(_("Deployments"), reported=("name",), harmless=("slug", "state"), reason=_NAMED),
    "modeling.DeploymentRevision": Table(_("Changes of deployments"), harmless=("reason",), reason=_FIGURES),
    "modeling.PredictionUsage": Table(
        _("Use of predictions"), reason=_("Counts alone; the texts of predictions are not stored.")
    ),
    "modeling.Erasure": Table(
        _("Erasures"), blanked=("reference",),
        harmless=("state", "sealed", "fingerprints", "places", "removed", "certificate"),
        reason=_("What is sought is sealed, and removed when the erasure is done; the certificate names no value."),
    ),
    "modeling.ErasureHit": Table(
        _("Hits of erasures"), "erasure__organization", reported=("column",), harmless=("how",),
        reason=_("Names of columns."),
    ),
    "modeling.ErasedVersion": Table(
        _("Records of erasures"), "erasure__organization",
        harmless=("old_hash", "new_hash", "rest_hash", "item_ids", "old_parts", "new_parts", "pending"),
        reason=_FIGURES,
    ),
    "modeling.Explanation": Table(
        _("Explanations"), rows=REMOVED, blanked=("text",), reported=("label", "result"), harmless=("key",),
        reason=_("Labels of the model, which people of the organization chose, and figures. Train again without them."),
    ),
    "modeling.Model": Table(
        _("Models"), reported=("labels", "metrics"), harmless=("object_key", "sha256", "fingerprint"),
        reason=_("What a model learned cannot be taken out of it. Train again on the version as it is now."),
    ),
    "modeling.Search": Table(
        _("Searches for settings"), blanked=("params", "report"), reported=("name",),
        harmless=("task", "answer", "family", "best_params"), reason=_NAMED,
    ),
    "modeling.Training": Table(
        _("Trainings"), blanked=("params", "report"), reported=("name",),
        harmless=("task", "answer", "family", "encoder", "device", "fingerprint", "environment", "rows_key"),
        reason=_NAMED,
    ),
    "admin.LogEntry": Table(
        _("Log of the operators' console"), "", harmless=("object_id", "object_repr", "change_message"),
        reason=_("Belongs to the installation: names of rows that an operator changed."),
    ),
    "auth.Permission": Table(_("Permissions"), "", harmless=("name", "codename"), reason=_FIGURES),
    "auth.Group": Table(_("Groups"), "", harmless=("name",), reason=_FIGURES),
    "contenttypes.ContentType": Table(_("Kinds of rows"), "", harmless=("app_label", "model"), reason=_FIGURES),
    "sessions.Session": Table(
        _("Sessions"), "", harmless=("session_key", "session_data"), reason=_("Who is signed in, and nothing else.")
    ),
}  # fmt: skip

# By the first part of an object's key.
OBJECTS: dict[str, Store] = {
    "versions": Store(_("Versions"), REWRITTEN, _("Parts with the items are written again; the old ones go.")),
    "indexes": Store(_("Search indexes"), REMOVED, _("Made again from the version when somebody searches.")),
    "meanings": Store(_("Meanings"), REMOVED, _("Made again from the version when somebody opens the map.")),
    "downloads": Store(_("Prepared downloads"), REMOVED, _("Made again from the version.")),
    "exports": Store(_("Exports"), REMOVED, _("All files of the project go; export again.")),
    "diffs": Store(_("Comparisons"), REMOVED, _("Made again from the versions.")),
    "drops": Store(_("Dropped items"), REWRITTEN, _("Written again without the items.")),
    "replacements": Store(_("Lists of replacements"), REWRITTEN, _("Written again without the items.")),
    "mappings": Store(_("Sealed mappings"), REWRITTEN, _("Sealed again without the values of the person.")),
    "uploads": Store(
        _("Original files"), REMOVED, _("A file that gave an erased item goes as a whole; its rows live in versions.")
    ),
    "refused": Store(_("Refused rows"), REMOVED, _("They go with their file.")),
    "pictures": Store(_("Pictures"), REMOVED, _("Unless an item that stays shows the same picture.")),
    "copies": Store(_("Copies of pictures"), REMOVED, _("They go with their picture.")),
    "trainings": Store(_("Judged test items"), REWRITTEN, _("Written again without the items.")),
    "models": Store(_("Models"), REPORTED, _("What a model learned cannot be taken out of it.")),
    "bundles": Store(_("Bundles"), REPORTED, _("What a model learned cannot be taken out of it.")),
}

# Places outside of database and object store.
OTHERS: dict[str, Store] = {
    "vectors": Store(_("Cached vectors"), REMOVED, _("Those of the erased texts and pictures.")),
    "work": Store(_("Workers' folders"), REMOVED, _("Folders of jobs that ended; they would be gone on from.")),
    "backups": Store(
        _("Backups"), REPORTED,
        _("The service makes none and cannot reach yours. After a restore run “manage.py replay_erasures”."),
    ),
    "taken": Store(
        _("Files that people downloaded"), REPORTED, _("They lie elsewhere. The audit trail says who took which.")
    ),
    "disk": Store(
        _("Freed space"), REPORTED,
        _("Database and disk write over freed space in time. PostgreSQL does it with VACUUM, the disk on its own."),
    ),
    "logs": Store(_("Logs"), REPORTED, _("They name jobs, rows and times, and no content.")),
}  # fmt: skip
