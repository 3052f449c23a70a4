import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# Every route before the server forks: its workers share that memory, and nobody's first request waits for it.
gc.collect()
for pattern in get_resolver().url_patterns:
    getattr(pattern, "url_patterns", None)
gc.freeze()
