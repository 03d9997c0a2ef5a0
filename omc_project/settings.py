"""The one settings module: every environment runs this code and differs only by its variables.

Every variable is read once, here; `docs/settings.md` and `.env.template` list them (a test keeps
them in step). A secret may also come from a file: `X_FILE` names it. The defaults are safe.
"""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from celery.schedules import schedule
from django.templatetags.static import static

from omc_project import aws_secrets, embedded, secrets_file
from omc_project.environment import Environment, database
from omc_project.errors import SetupError

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
aws_secrets.load(env.dict("OMC_AWS_SECRETS", default={}))

ENVIRONMENT = env("OMC_ENVIRONMENT", default="home")
IS_PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("DEBUG", default=False)
OMC_COMMIT = env("OMC_COMMIT", default="unknown")


def seconds(variable: str, default: float) -> timedelta:
    """Read a variable that holds seconds."""
    return timedelta(seconds=env.float(variable, default=default))


def one_of(variable: str, word: str, *choices: str) -> str:
    """Refuse a word that is none of the few that a variable may hold."""
    if word not in choices:
        raise SetupError(f"{variable} is {word!r}. Set it to {' or '.join(choices)}, or unset it.")
    return word


# --- engines: a URL, or the embedded server of this checkout
EMBEDDED = {"pg": not env("DATABASE_URL", default=""), "redis": not env("REDIS_URL", default="")}
DATABASES: dict[str, Any] = {
    "default": dict(embedded.DATABASE) if EMBEDDED["pg"] else database(env("DATABASE_URL"))
}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.int("OMC_CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
}
REDIS_URL = embedded.REDIS_URL if EMBEDDED["redis"] else env("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}


# --- secrets: the installation's own, made at the first start, or given; production must give them
def own_secret(name: str) -> str:
    """Return a secret of this installation, where it may make its own."""
    return secrets_file.refuse(name) if IS_PRODUCTION else secrets_file.read_or_make(name)


SECRET_KEY = env("SECRET_KEY", default="") or own_secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
OMC_CREDENTIAL_KEY = env("OMC_CREDENTIAL_KEY", default="") or own_secret("OMC_CREDENTIAL_KEY")
OMC_CREDENTIAL_KEY_FALLBACKS = env.list("OMC_CREDENTIAL_KEY_FALLBACKS", default=[])
OMC_ADMIN_PASSWORD = env("OMC_ADMIN_PASSWORD", default="")  # of `up` and `prestart`; may be empty

# --- Django
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "drf_spectacular",
    "rest_framework",
    "rest_framework.authtoken",
    "omc_project.users",
    "ledgers",
    "ledgers.glass",
    "ledgers.human",
    "ledgers.catalyst",
    "ledgers.exchange",
    "trading",
    "quality",
    "agents",
    "omc_project",
]
MIDDLEWARE = [
    "omc_project.middleware.AliveMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "omc_project.middleware.TimeZoneMiddleware",
    "omc_project.middleware.ContentPolicyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "omc_project.urls"
WSGI_APPLICATION = "omc_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "omc_project" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "users.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "admin:login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "omc_project.formats"
STATIC_URL = "static/"
STATIC_ROOT = Path(env("OMC_STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- HTTP security
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
IS_HTTPS = env.bool("OMC_HTTPS", default=IS_PRODUCTION)
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# --- REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["omc_project.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["omc_project.throttling.UserThrottle"],
    "EXCEPTION_HANDLER": "omc_project.problems.problem_handler",
    "NUM_PROXIES": env.int("OMC_PROXIES", default=0),
    "COERCE_DECIMAL_TO_STRING": True,
}
OMC_API_PER_MINUTE = env.int("OMC_API_PER_MINUTE", default=600)
OMC_TOKEN_PER_MINUTE = env.int("OMC_TOKEN_PER_MINUTE", default=10)
SPECTACULAR_SETTINGS = {
    "TITLE": "Oh My Coins",
    "DESCRIPTION": "Four ledgers, as they were known, with what nobody looked at.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "omc_project.problems.document",
    ],
}

# --- Celery: beat knows dispatch and the sweep of orders; all else is a Schedule row
CELERY_BROKER_URL = embedded.BROKER_URL if EMBEDDED["redis"] else REDIS_URL
REDIS_TIMEOUT = 5.0
"""Seconds after which a Redis or broker that hangs is one that is gone; else one waits for ever."""
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": REDIS_TIMEOUT,
    "socket_connect_timeout": REDIS_TIMEOUT,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = env.int("OMC_TASK_TIME_LIMIT", default=600)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.int("OMC_TASKS_PER_CHILD", default=500)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "dispatch": {
        "task": "ledgers.tasks.dispatch",
        "schedule": schedule(seconds("OMC_DISPATCH_EVERY", 5)),
        "options": {"expires": 30},
    },
    "orders": {
        "task": "trading.tasks.sweep_orders",
        "schedule": schedule(seconds("OMC_DISPATCH_EVERY", 5)),
        "options": {"expires": 30},
    },
}
CELERY_TASK_ROUTES = {
    f"trading.tasks.{name}": {"queue": "orders"} for name in ("send_order", "sweep_orders")
}
"""A queue and a process of their own: no long collection keeps an order waiting."""
OMC_LEASE = seconds("OMC_LEASE", 120)
OMC_PATIENCE = seconds("OMC_PATIENCE", 60)

# --- sources
OMC_USER_AGENT = env("OMC_USER_AGENT", default="OhMyCoins/0.1 (self-hosted)")
OMC_SEC_USER_AGENT = env("OMC_SEC_USER_AGENT", default="")
OMC_SEC_FORMS = env.list("OMC_SEC_FORMS", default=["8-K", "10-K", "10-Q", "S-1", "4"])
OMC_SEC_WATCHLIST = env.list("OMC_SEC_WATCHLIST", default=[])
OMC_RSS_FEEDS = env.list("OMC_RSS_FEEDS", default=[])
OMC_KRAKEN_PAIRS = env.list("OMC_KRAKEN_PAIRS", default=[])
OMC_SUBREDDITS = env.list("OMC_SUBREDDITS", default=["CryptoCurrency", "Bitcoin", "ethereum"])
OMC_PRICE_SOURCES = env.list(
    "OMC_PRICE_SOURCES", default=["coinspot", "kraken", "kraken_ohlc", "seed:coinspot"]
)
OMC_REPLAY_URL = env("OMC_REPLAY_URL", default="")
OMC_ALLOW_PRIVATE = env.list("OMC_ALLOW_PRIVATE", default=[])
OMC_BASE_URLS = {
    name.removeprefix("OMC_").removesuffix("_BASE_URL").lower(): value
    for name, value in os.environ.items()
    if name.startswith("OMC_") and name.endswith("_BASE_URL")
}
OMC_PLUG_INS = env.list("OMC_PLUG_INS", default=[])
OMC_PLUG_IN_FOLDER = env("OMC_PLUG_IN_FOLDER", default="")
OMC_SOURCE_KEYS = {name: value for name, value in os.environ.items() if name.startswith("OMC_")}
OMC_FETCH_THREADS = max(env.int("OMC_FETCH_THREADS", default=8), 1)
OMC_BREAKER_FAILURES = env.int("OMC_BREAKER_FAILURES", default=5)
OMC_BREAKER_REST = seconds("OMC_BREAKER_REST", 300)
OMC_BREAKER_MAX_REST = seconds("OMC_BREAKER_MAX_REST", 3600)
OMC_DATABASE_DISK = env.float("OMC_DATABASE_DISK", default=0)
OMC_CA_BUNDLE = env("OMC_CA_BUNDLE", default="")
OMC_HTTP_ATTEMPTS = env.int("OMC_HTTP_ATTEMPTS", default=3)
OMC_HTTP_BACKOFF = env.float("OMC_HTTP_BACKOFF", default=1.0)
OMC_HTTP_CONNECT_TIMEOUT = env.float("OMC_HTTP_CONNECT_TIMEOUT", default=5.0)
OMC_HTTP_DEADLINE = env.float("OMC_HTTP_DEADLINE", default=20.0)
OMC_HTTP_MAX_BYTES = env.int("OMC_HTTP_MAX_BYTES", default=10 * 2**20)
OMC_HTTP_MAX_PAUSE = env.float("OMC_HTTP_MAX_PAUSE", default=30.0)
OMC_PAYLOAD_BUCKET = env("OMC_PAYLOAD_BUCKET", default="")
OMC_PAYLOAD_DAYS = env.int("OMC_PAYLOAD_DAYS", default=90)
OMC_UNREAD_DAYS = env.int("OMC_UNREAD_DAYS", default=730)
OMC_RETENTION = env.dict("OMC_RETENTION", default={})
OMC_S3_ENDPOINT = env("OMC_S3_ENDPOINT", default="")

# --- quality
OMC_ALERT_CHANNELS = env.list("OMC_ALERT_CHANNELS", default=["log"])
OMC_CHECK_TIMEOUT = seconds("OMC_CHECK_TIMEOUT", 30)
OMC_CHECK_RUN_DAYS = env.int("OMC_CHECK_RUN_DAYS", default=14)
OMC_ALERT_ATTEMPTS = env.int("OMC_ALERT_ATTEMPTS", default=10)
OMC_ALERT_EMAIL_TO = env.list("OMC_ALERT_EMAIL_TO", default=[])
OMC_ALERT_WEBHOOK_URL = env("OMC_ALERT_WEBHOOK_URL", default="")
OMC_ALERT_WEBHOOK_SECRET = env("OMC_ALERT_WEBHOOK_SECRET", default="")
OMC_ALERT_SNS_TOPIC = env("OMC_ALERT_SNS_TOPIC", default="")
OMC_HEARTBEAT_URL = env("OMC_HEARTBEAT_URL", default="")
OMC_METRICS_TOKEN = env("OMC_METRICS_TOKEN", default="")
OMC_CLOUDWATCH_NAMESPACE = env("OMC_CLOUDWATCH_NAMESPACE", default="")
EMAIL_HOST = env("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="omc@localhost")

# --- language model: without a key the planner alone answers
OPENAI_API_KEY = env("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env("OPENAI_BASE_URL", default="")
OMC_MODEL = env("OMC_MODEL", default="")
OMC_MODEL_DEADLINE = env.float("OMC_MODEL_DEADLINE", default=10.0)
OMC_MODEL_TOKENS = env.int("OMC_MODEL_TOKENS", default=60_000)
OMC_MODEL_INPUT_PRICE = Decimal(env("OMC_MODEL_INPUT_PRICE", default="2.5"))
OMC_MODEL_OUTPUT_PRICE = Decimal(env("OMC_MODEL_OUTPUT_PRICE", default="10"))
OMC_MODEL_USER_BUDGET = Decimal(env("OMC_MODEL_USER_BUDGET", default="1"))
OMC_MODEL_BUDGET = Decimal(env("OMC_MODEL_BUDGET", default="20"))
OMC_TURN_PATIENCE = seconds("OMC_TURN_PATIENCE", 60)

LOG_LEVEL = env("OMC_LOG_LEVEL", default="INFO").upper()
LOG_FORMAT = one_of("OMC_LOG_FORMAT", env("OMC_LOG_FORMAT", default="line"), "line", "json")
CHATTY = ("celery.app.trace", "celery.beat", "celery.worker.strategy", "httpx")  # lines without end
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "omc_project.json_lines.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {name: {"level": "WARNING"} for name in CHATTY if LOG_LEVEL == "INFO"},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}

UNFOLD = {
    "SITE_TITLE": "Oh My Coins",
    "SITE_HEADER": "Oh My Coins",
    "SITE_SUBHEADER": "As it was known",
    "SITE_SYMBOL": "account_balance",
    "DASHBOARD_CALLBACK": "omc_project.dashboard.dashboard",
    "ENVIRONMENT": "omc_project.dashboard.zone_badge",
    "STYLES": [lambda _: static("omc/omc.css")],
    "SHOW_HISTORY": True,
    "SIDEBAR": {"show_search": True, "navigation": "omc_project.sidebar.navigation"},
}

# --- orders: live trading needs this switch, the account's, and a stored key
OMC_LIVE_TRADING = env.bool("OMC_LIVE_TRADING", default=False)
OMC_ORDER_PATIENCE = seconds("OMC_ORDER_PATIENCE", 30)
OMC_ORDER_LEASE = seconds("OMC_ORDER_LEASE", 60)
OMC_ORDER_PROOF = seconds("OMC_ORDER_PROOF", 600)
OMC_ORDER_LOOK_EVERY = seconds("OMC_ORDER_LOOK_EVERY", 30)
OMC_PAPER_FEE = Decimal(env("OMC_PAPER_FEE", default="0.001"))
OMC_PAPER_CAP = Decimal(env("OMC_PAPER_CAP", default="10000"))
OMC_PAPER_LATENCY = seconds("OMC_PAPER_LATENCY", 1)
