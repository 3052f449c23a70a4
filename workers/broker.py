"""The Celery application. The web process loads it too, to send messages; it loads no task there."""

import gc
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_before_create_process, worker_process_init
from django.apps import apps as django_apps
from django.conf import settings
from django.db import connections

app = Celery("assay", broker=settings.ASSAY_BROKER_URL)
app.conf.update(
    task_ignore_result=True,
    task_default_queue="default",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    worker_hijack_root_logger=False,
    # Compiled libraries grow; a fresh process now and then keeps memory flat.
    worker_max_tasks_per_child=200,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,
        "queue_order_strategy": "priority",
        # The default sweep took over 75 s to bring back the messages of a killed worker; with these, 12 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
    beat_schedule={
        "reap": {"task": "workers.reap", "schedule": 5.0, "options": {"queue": "interactive", "expires": 10}},
        "tidy": {"task": "workers.tidy", "schedule": 3600.0, "options": {"queue": "interactive", "expires": 600}},
        "collect-garbage": {
            "task": "curation.collect_garbage",
            "schedule": 3600.0,
            "options": {"queue": "default", "expires": 1800},
        },
        "remove-old-exports": {
            "task": "labeling.remove_old_exports",
            "schedule": 3600.0,
            "options": {"queue": "default", "expires": 1800},
        },
        "expire-leases": {
            "task": "labeling.expire_leases",
            "schedule": 15.0,
            "options": {"queue": "interactive", "expires": 15},
        },
        "return-work-of-leavers": {
            "task": "labeling.return_work_of_leavers",
            "schedule": 60.0,
            "options": {"queue": "interactive", "expires": 60},
        },
    },
)
app.set_default()
app.autodiscover_tasks(lambda: [config.name for config in django_apps.get_app_configs()])


@setup_logging.connect
def keep_our_logging(**_arguments: Any) -> None:
    """Celery would replace the JSON log set up in the settings."""


@worker_before_create_process.connect
def share_memory(**_arguments: Any) -> None:
    """Keep the collector from writing to the pages that a forked child shares with its parent."""
    gc.freeze()


@worker_process_init.connect
def close_inherited_connections(**_arguments: Any) -> None:
    """A forked child must not share its parent's database sockets."""
    for connection in connections.all():
        close_pool = getattr(connection, "close_pool", None)
        if close_pool is not None:
            close_pool()
        connection.close()
