"""What `celery -A workers.app` loads: Django first, then the application with every task."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from workers.broker import app  # noqa: E402  (the tasks import models, which need Django set up)

__all__ = ["app"]
