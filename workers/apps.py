from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkersConfig(AppConfig):
    name = "workers"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        # app ready: services send messages through Celery's current application, in the web process too.
        from workers.broker import app

        app.set_default()
