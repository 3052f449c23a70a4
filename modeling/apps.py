from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class ModelingConfig(AppConfig):
    name = "modeling"

    def ready(self) -> None:
        """Let what lies outside of Django's tables go with its row, however that goes: also with its organization."""
        post_delete.connect(_forget_trials, sender="modeling.Search", dispatch_uid="trials_of_searches")


def _forget_trials(instance: Any, **_more: Any) -> None:
    from modeling.services.trial_storage import forget_trials

    forget_trials(instance)
