"""Who gets the queue at once when a project begins to ask for training and a test."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import Gold, GoldUse, Onboarding, OnboardingStage, Progress, Project
from labeling.querysets.gold import is_exempt

ONBOARDING_FIELDS = (
    "onboarding", "onboarding_training", "onboarding_test", "onboarding_least", "onboarding_attempts",
    "onboarding_tells", "onboarding_everybody",
)  # fmt: skip


def marked_for(project: Project) -> dict[str, int]:
    """Return how many right answers a project has for training and for tests."""
    uses = Gold.objects.filter(project=project, use__in=(GoldUse.TRAINING, GoldUse.TEST)).values_list("use", flat=True)
    found = list(uses)
    return {"training": found.count(GoldUse.TRAINING), "test": found.count(GoldUse.TEST)}


def refuse_unready(project: Project) -> None:
    """Raise Conflict ``onboarding_no_tasks`` when nobody could get through: no item is marked for what is asked."""
    marked = marked_for(project)
    if project.onboarding_test and not marked["test"]:
        detail = _("Mark known answers for the test first, or ask for 0 test tasks: nobody could pass now.")
        raise Conflict("onboarding_no_tasks", detail, field="onboarding_test")
    if not project.onboarding_test and not (project.onboarding_training and marked["training"]):
        detail = _("Mark known answers for training or for the test first: there is nothing to go through now.")
        raise Conflict("onboarding_no_tasks", detail, field="onboarding_training")


def lock_people(project_id: int) -> None:
    """Lock everybody's row in a project, in the order in which everybody does it, and before the project's."""
    list(Progress.objects.filter(project=project_id).order_by("pk").select_for_update().values_list("pk"))


def close_gate(project: Project) -> None:
    """Let those through who answered before, unless everybody is to go through training and test.

    Whoever is on the way stays on it, and whoever passed has passed. The caller has locked everybody's rows.
    """
    if not project.onboarding:
        return
    on_the_way = Onboarding.objects.filter(project=project, annotator=OuterRef("annotator"))
    people = Progress.objects.filter(project=project)
    if project.onboarding_everybody:
        passed = on_the_way.filter(stage=OnboardingStage.PASSED)
        people.filter(~Exists(passed), onboarded=True).update(onboarded=False)
    else:
        people.filter(~Exists(on_the_way), answers__gt=0).update(onboarded=True)


def is_newcomer(actor: Actor, project: Project) -> bool:
    """Tell whether this person must go through training and test first."""
    if not project.onboarding or is_exempt(actor):
        return False
    return not Progress.objects.filter(project=project, annotator=actor.user_id, onboarded=True).exists()


def refuse_newcomer(actor: Actor, project: Project) -> None:
    """Raise Conflict ``onboarding`` for a person who must go through training and test first."""
    if is_newcomer(actor, project):
        raise Conflict("onboarding", _("This project begins with training tasks and a test. Open its labeling page."))
