"""Every setting of Assay, read once. docs/reference/settings.md describes those that an operator may set."""

from pathlib import Path
from typing import Any

import structlog
from django.utils.translation import gettext_lazy as _

from config import environment

BASE_DIR = environment.REPOSITORY
ASSAY_HOME = environment.home()
ASSAY_VERSION = "0.1.0"
ASSAY_BASE_URL = environment.text("ASSAY_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = ASSAY_BASE_URL.startswith("https://")

SECRET_KEY = environment.secret("ASSAY_SECRET_KEY", "secret.key")
DEBUG = environment.flag("ASSAY_DEBUG", False)
ALLOWED_HOSTS = environment.words("ASSAY_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [ASSAY_BASE_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "accounts",
    "workers",
    "curation",
    "labeling",
    "modeling",
]

MIDDLEWARE = [
    "core.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.pages.shell.shell",
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {"default": environment.database("DATABASE_URL")}
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": environment.number("ASSAY_DATABASE_POOL", 12, low=2, high=200),
    # Seconds that a request waits for a connection.
    "timeout": environment.number("ASSAY_DATABASE_WAIT", 20, low=1, high=300),
}
DATABASES["default"]["OPTIONS"]["application_name"] = "assay"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "accounts:home"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# The cached backend without a cache is the plain one; a session read costs one indexed row.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if environment.flag("ASSAY_BEHIND_PROXY", False) else None
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = ASSAY_HOME / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when it is not there
ASSAY_OBJECTS = Path(environment.text("ASSAY_OBJECTS", str(ASSAY_HOME / "objects")))
# Exported encoder graphs and sentence vectors: made again when lost, shared by all workers of a machine.
# Keys of organizations, apart from database and objects: a copy of these opens no pseudonym without them.
ASSAY_KEYS = Path(environment.text("ASSAY_KEYS", str(ASSAY_HOME / "keys")))
ASSAY_MODEL_CACHE = Path(environment.text("ASSAY_MODEL_CACHE", str(ASSAY_HOME / "cache" / "models")))
# Encoders of the operator beside those that ship: name=/folder or name=hf:OWNER/NAME, with commas.
ASSAY_ENCODERS = environment.places("ASSAY_ENCODERS")
# Whether those of the hub are fetched when they are first used (curation/engine/embedding/hub.py).
ASSAY_DOWNLOAD_ENCODERS = environment.flag("ASSAY_DOWNLOAD_ENCODERS", False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": ASSAY_OBJECTS}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_KEEP_ONLY_HASHED_FILES = False

# What one request may carry. Files stream to disk above the first figure and are refused above the last.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# Each file of a request is held open until it is read; core/drop-zone.js knows this figure too.
DATA_UPLOAD_MAX_NUMBER_FILES = 500
ASSAY_UPLOAD_LIMIT = environment.number("ASSAY_UPLOAD_LIMIT_MB", 4096, low=1, high=1_000_000) * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = ASSAY_HOME / "uploads"  # not /tmp, which is often small
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)

# Hosts that may be fetched from although they are not on the public internet, as `name` or `name:port`.
ASSAY_FETCH_ALLOWED_HOSTS = environment.words("ASSAY_FETCH_ALLOWED_HOSTS", "")
ASSAY_FETCH_SECONDS = environment.number("ASSAY_FETCH_SECONDS", 3600, low=1, high=86_400)
# The keys of buckets, by name: a JSON file that only the server's user may read.
ASSAY_BUCKET_KEYS = Path(environment.text("ASSAY_BUCKET_KEYS", str(ASSAY_HOME / "bucket-keys.json")))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.ActorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["core.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.OrjsonParser"],
    "DEFAULT_PAGINATION_CLASS": "core.paging.IdCursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.problem_handler",
    # ?format= is a parameter of our own downloads, never the choice of a renderer.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay",
    "DESCRIPTION": "Raw text, images and tables in; a curated, labeled, versioned dataset and a small model out.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AssignmentKind": "labeling.models.assignment.AssignmentKind",
        "BackendState": "labeling.models.backend.BackendState",
        "BundleState": "modeling.models.bundle.BundleState",
        "CheckKind": "modeling.models.check.CheckKind",
        "DecidedState": "labeling.services.adjudication.CHOICES",
        "DisputeState": "labeling.models.adjudication.DisputeState",
        "DeploymentState": "modeling.models.deployment.DeploymentState",
        "FindingState": "curation.models.run.FindingState",
        "JobState": "workers.models.job.JobState",
        "KindEnum": "curation.models.version.VersionKind",
        "FamilyEnum": "modeling.families.NAMES",
        "FormatEnum": "curation.engine.readers.sniffing.FORMATS",
        "LabeledFormat": "labeling.engine.formats.table.NAMES",
        "ProjectState": "labeling.models.project.ProjectState",
        "QuestionState": "curation.models.question.QuestionState",
        "RuleKind": "labeling.models.rule.RuleKind",
        "SuspectKind": "labeling.models.label_error.SuspectKind",
        "SuspectState": "labeling.models.label_error.SuspectState",
        "WrittenFormat": "labeling.engine.formats.table.WRITTEN",
        "Verdict": "labeling.models.annotation.Verdict",
        "VerdictGiven": "labeling.services.review.VERDICTS",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.add_problem_answers",
    ],
}

ASSAY_BROKER_URL = environment.text("BROKER_URL")
# A run that shows no heartbeat for this long has lost its worker; the reaper hands it to another.
ASSAY_JOB_STALE_SECONDS = environment.number("ASSAY_JOB_STALE_SECONDS", 20, low=2, high=3600)
# Memory for the shingles of one search for near-duplicates, in each worker; above it, it goes on in shards on the disk.
ASSAY_SEARCH_MEMORY = environment.number("ASSAY_SEARCH_MEMORY_MB", 1024, low=1, high=1_000_000) * 1024 * 1024
# How long a version stays in the trash before garbage collection may remove its content.
ASSAY_TRASH_DAYS = environment.number("ASSAY_TRASH_DAYS", 30, low=0, high=3650)

UNFOLD = {
    "SITE_TITLE": "Assay",
    "SITE_HEADER": "Assay",
    "SITE_SUBHEADER": _("Operators' console"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "hexagon",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # The accent of core/assay.css from light to dark.
        "primary": {
            "50": "#eef7f4",
            "100": "#d9ede7",
            "200": "#b3dbcf",
            "300": "#86dcc8",
            "400": "#62ccb4",
            "500": "#1f8f7b",
            "600": "#0a5f51",
            "700": "#084b40",
            "800": "#073b33",
            "900": "#062e28",
            "950": "#05231d",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
}

LOG_LEVEL = environment.text("ASSAY_LOG_LEVEL", "INFO")
_log_steps: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _log_steps,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # RequestLogMiddleware writes one line for each request; Django's own would be a second one.
        "django.request": {"level": "CRITICAL"},
        "django.server": {"level": "WARNING"},
        # At DEBUG it would write the signatures and session tokens of requests.
        "botocore": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[*_log_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
