"""The keys of buckets: named by an operator in a file on the server, bound to where and by whom they may be used."""

import fnmatch
import json
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Organization
from core.errors import DomainError
from curation.engine.bucket import Keys

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_FIELDS = {"access_key", "secret_key", "session_token", "endpoint", "buckets", "organizations"}


def key_names(*, actor: Actor) -> list[str]:
    """Return the names of the keys that the actor's organization may use; never anything else of them."""
    slug = Organization.objects.values_list("slug", flat=True).get(pk=actor.organization_id)
    return sorted(name for name, entry in _entries().items() if _is_for(entry, slug))


def keys_for(*, organization_id: int, name: str, endpoint: str, bucket: str) -> Keys:
    """Return the keys of a name, for this organization, service and bucket alone.

    An organization that may not use a name is told the same as if there were none.

    Raises:
        DomainError: ``keys_missing``, ``keys_elsewhere``, ``keys_file_broken``.
    """
    slug = Organization.objects.values_list("slug", flat=True).get(pk=organization_id)
    entry = _entries().get(name)
    if entry is None or not _is_for(entry, slug):
        detail = _("There are no keys called %(name)s for your organization. An operator adds them on the server.")
        raise DomainError("keys_missing", detail % {"name": name}, field="keys_name")
    # Signed requests to another host would show it the access key, and let it pass the signature on.
    same = _service(entry["endpoint"]) == _service(endpoint)
    if not same or not any(fnmatch.fnmatchcase(bucket, pattern) for pattern in entry.get("buckets", ["*"])):
        detail = _("The keys %(name)s are not for this endpoint and bucket.")
        raise DomainError("keys_elsewhere", detail % {"name": name}, field="keys_name")
    return Keys(entry["access_key"], entry["secret_key"], entry.get("session_token", ""))


def _is_for(entry: dict[str, Any], slug: str) -> bool:
    return slug in entry["organizations"] or "*" in entry["organizations"]


def _service(endpoint: str) -> tuple[str, str, int | None]:
    parts = urlsplit(endpoint)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _entries() -> dict[str, dict[str, Any]]:
    """Read the file anew each time: keys are renewed without a restart."""
    path = settings.ASSAY_BUCKET_KEYS
    try:
        text = path.read_text("utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError):
        raise _broken(_("it cannot be read")) from None
    if mode & 0o077:
        raise _broken(_("others than its owner may read it; chmod 600 mends that"))
    try:
        entries = json.loads(text)
    except ValueError:
        raise _broken(_("it is no JSON")) from None
    if not isinstance(entries, dict):
        raise _broken(_("it is no JSON object of names"))
    for name, entry in entries.items():
        _check_entry(name, entry)
    return entries


def _check_entry(name: str, entry: Any) -> None:
    """Refuse an entry that lacks something; the sentence never repeats a value."""
    if not _NAME.fullmatch(name) or not isinstance(entry, dict):
        raise _broken(_("a name is made of letters, digits, dots and hyphens and stands for an object"))
    texts = [entry.get(field) for field in ("access_key", "secret_key", "endpoint")]
    lists = [entry.get("organizations"), entry.get("buckets", ["*"])]
    whole = all(isinstance(text, str) and text for text in texts)
    whole = whole and all(isinstance(rows, list) and all(isinstance(row, str) for row in rows) for rows in lists)
    if not whole or not isinstance(entry.get("session_token", ""), str) or set(entry) - _FIELDS:
        detail = _("the entry %(name)s needs access_key, secret_key, endpoint and organizations, and may have %(more)s")
        raise _broken(detail % {"name": name, "more": "buckets, session_token"})


def _broken(reason: str) -> DomainError:
    detail = _("The server's file of bucket keys cannot be used: %(reason)s. An operator must mend it.")
    return DomainError("keys_file_broken", detail % {"reason": reason}, status=503)
