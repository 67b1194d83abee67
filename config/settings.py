"""Settings, all from the environment; `docs/configuration.md` lists the names.

Development needs nothing set but `DATABASE_URL` and `REDIS_URL`, which `script/server` gives.
`DJANGO_ENV=production` refuses every default that would be unsafe.
"""

from pathlib import Path
from typing import Any

import sentry_sdk
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from apps.console.theme import UNFOLD  # noqa: F401
from config import env
from config.schedule import BEAT_SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent

PRODUCTION = env.text("DJANGO_ENV", "development") == "production"
DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", None if PRODUCTION else "development-only-" + "0" * 50)
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS") or ([] if PRODUCTION else ["M" * 43 + "="])
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "apps.console",
    "unfold",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "apps.core",
    "apps.operations",
    "apps.ledger",
    "apps.rates",
    "apps.providers",
    "apps.accounts",
    "apps.webhooks",
    "apps.transfers",
    "apps.payouts",
    "apps.treasury",
    "apps.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apps.console.policy.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.api.shortcut.straight_to_api",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The door opens its own transactions; a request that wrapped them in another would promise a safety it has not.
DATABASES = {"default": env.database("DATABASE_URL") | {"ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 600}}
DATABASE_ROLE = env.text("DATABASE_ROLE", "countinghouse_app")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = REDIS_URL
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
# Neither a file of a million rows nor a slow provider may keep the sequencer waiting.
CELERY_TASK_ROUTES = {
    "ledger.write_exports": {"queue": "exports"},
    "ledger.verify_books": {"queue": "exports"},
    "treasury.verify_sweeps": {"queue": "exports"},
    "webhooks.verify_attempts": {"queue": "exports"},
    "transfers.work": {"queue": "transfers"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
LOGIN_URL = reverse_lazy("console:login")
LOGIN_REDIRECT_URL = reverse_lazy("console:index")

# Where people and links reach the product from outside.
PUBLIC_URL = env.text("PUBLIC_URL", None if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Countinghouse <no-reply@countinghouse.example>")
EMAIL_HOST = env.text("MAIL_HOST", "")
EMAIL_PORT = env.number("MAIL_PORT", 587)
EMAIL_HOST_USER = env.text("MAIL_USER", "")
EMAIL_HOST_PASSWORD = env.text("MAIL_PASSWORD", "")
EMAIL_USE_TLS = env.flag("MAIL_TLS", True)
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# Feature flags (W083-W089): `fail_closed` lets only enabled scopes transact; `gate` freezes completions too.
CORE_WALLET_FLAG_MODE = env.text("CORE_WALLET_FLAG_MODE", "fail_open")
CORE_WALLET_COMPLETION_GATING = env.text("CORE_WALLET_COMPLETION_GATING", "record")

# Transfers: how long a worker may take for a provider's answer before the outcome counts as unknown; after how many
# seconds it is then asked after; how much later than promised a provider may be before it is asked; after how many
# seconds one that should move by itself and does not is stuck, an alert and critical.
TRANSFER_LEASE_SECONDS = env.number("TRANSFER_LEASE_SECONDS", 120)
TRANSFER_LADDER_SECONDS = [int(each) for each in env.words("TRANSFER_LADDER_SECONDS", "60,300,900,3600")]
TRANSFER_GRACE_SECONDS = env.number("TRANSFER_GRACE_SECONDS", 30)
# How long a price waits to be confirmed, and what is reserved for the people who must agree to it.
TRANSFER_CONFIRM_SECONDS = env.number("TRANSFER_CONFIRM_SECONDS", 15 * 60)
TRANSFER_APPROVE_SECONDS = env.number("TRANSFER_APPROVE_SECONDS", 7 * 24 * 60 * 60)

# How long what was approved waits before it runs, so that the last yes can be taken back as well.
APPROVAL_UNDO_SECONDS = env.number("APPROVAL_UNDO_SECONDS", 0)

# Recipients: after how many days what a check found is checked again; after how many seconds a provider that did not say
# is asked again, until it counts as not possible. Which findings no payout passes; how long after a change, and from
# what worth in dollars on, a payout is refused.
RECIPIENT_VERIFY_AGAIN_DAYS = env.number("RECIPIENT_VERIFY_AGAIN_DAYS", 30)
RECIPIENT_CHECK_LADDER_SECONDS = [
    int(each) for each in env.words("RECIPIENT_CHECK_LADDER_SECONDS", "60,300,900,3600")
]
RECIPIENT_BLOCKED_WHEN = env.words("RECIPIENT_BLOCKED_WHEN", "no_match")
# Of which wallets of ours micro-deposits are paid (ids, one for each currency; of a test tenant for test environments),
# after how many days they expire, and to how many recipients of a tenant they are sent in a day.
MICRO_DEPOSIT_WALLETS = env.words("MICRO_DEPOSIT_WALLETS")
MICRO_DEPOSITS_EXPIRE_DAYS = env.number("MICRO_DEPOSITS_EXPIRE_DAYS", 10)
MICRO_DEPOSITS_PER_DAY = env.number("MICRO_DEPOSITS_PER_DAY", 20)
RECIPIENT_COOLING_SECONDS = env.number("RECIPIENT_COOLING_SECONDS", 24 * 60 * 60)
RECIPIENT_COOLING_FROM_USD = env.text("RECIPIENT_COOLING_FROM_USD", "10000.00")

# The sandbox provider, where there is one: `setup` makes a provider of each of its desks.
SANDBOX_URL = env.text("SANDBOX_URL", "")
SANDBOX_KEY = env.text("SANDBOX_KEY", "")
SANDBOX_WEBHOOK_SECRET = env.text("SANDBOX_WEBHOOK_SECRET", "")
TRANSFER_STUCK_SECONDS = [int(each) for each in env.words("TRANSFER_STUCK_SECONDS", "600,900,3600")]

# The API: single requests that come together run as one batch; what an operator's key may ask in a minute.
API_COMBINER = env.flag("API_COMBINER", True)
API_OPERATOR_REQUESTS_PER_MINUTE = env.number("API_OPERATOR_REQUESTS_PER_MINUTE", 6_000)

# The stream of events: connections of one key in a process, seconds between signs of life on a quiet one, after which
# a reader that takes nothing is cut, and between two looks at whether the keys still hold.
STREAM_CONNECTIONS_PER_KEY = env.number("STREAM_CONNECTIONS_PER_KEY", 20)
STREAM_HEARTBEAT_SECONDS = env.number("STREAM_HEARTBEAT_SECONDS", 20)
STREAM_SEND_SECONDS = env.number("STREAM_SEND_SECONDS", 30)
STREAM_CHECK_SECONDS = min(env.number("STREAM_CHECK_SECONDS", 10), 15)

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "apps.api.schema.ApiSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countinghouse API",
    "VERSION": "2026-11-21",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "validatorUrl": None},
    "POSTPROCESSING_HOOKS": ["apps.api.schema.complete"],
    "SORT_OPERATIONS": True,
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(healthz|livez|readyz)$"]
X_FRAME_OPTIONS = "DENY"

# Whether endpoints of test tenants may be on this machine, over http; and how many times faster than written down messages
# are tried again, for tests of days in seconds.
WEBHOOKS_LOOPBACK = env.flag("WEBHOOKS_LOOPBACK", not PRODUCTION)
WEBHOOKS_HASTE = env.number("WEBHOOKS_HASTE", 1)

# Where reports lie as files until they expire: a folder that only the product's own processes can enter.
EXPORT_DIR = env.text("EXPORT_DIR", str(BASE_DIR / "exports"))

# Where the fonts of PDF documents are: DejaVuSans.ttf, -Bold and Mono.
REPORT_FONTS = env.text("REPORT_FONTS", "/usr/share/fonts/truetype/dejavu")

# Where the workers get the ECB's reference rates, from one of the two or not at all; and after how many days a rate
# is too old to be one.
ECB_RATES_URL = env.text("ECB_RATES_URL", "")
ECB_RATES_FILE = env.text("ECB_RATES_FILE", "")
RATES_MAX_AGE_DAYS = env.number("RATES_MAX_AGE_DAYS", 7)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # They tell of every step of every document, of every request, of every tick of the clock.
    "loggers": {
        **{name: {"level": "ERROR"} for name in ("weasyprint", "fontTools", "httpx")},
        **{name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.worker.strategy", "stripe")},
    },
}

SENTRY_DSN = env.text("SENTRY_DSN", "")
if SENTRY_DSN:
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        environment="production" if PRODUCTION else "development",
        send_default_pii=False,
        traces_sample_rate=0.0,
    )
