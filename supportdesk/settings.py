"""All settings, in reading order: environment, apps, database, queue, mail, desk, language, files, security."""

import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from dotenv import dotenv_values, load_dotenv

from supportdesk.admin_look import UNFOLD  # noqa: F401 - the theme reads it from here
from supportdesk.allauth_settings import allauth_settings
from supportdesk.env import Env, is_loopback, refuse_open_desk
from supportdesk.log_lines import logging_settings
from supportdesk.page_headers import CONTENT_POLICY
from supportdesk.private_files import close_earlier_files, write_privately
from supportdesk.secrets import checked_secret_key, kept_encryption_keys, kept_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
ENV_FILE = BASE_DIR / ".env"
if not TESTING:
    load_dotenv(ENV_FILE)  # variables that the environment sets already win
env = Env()

# --- Where the desk runs -------------------------------------------------------------------------------
# "embedded" keeps everything under .var/ and needs no other setting; "production" refuses what is unsafe.
ENVIRONMENT = env.choice("DESK_ENVIRONMENT", "embedded", ("embedded", "production"))
PRODUCTION = ENVIRONMENT == "production"
VAR_DIR = env.folder("DESK_VAR_DIR", BASE_DIR / ".var")
write_privately()
if not TESTING:
    close_earlier_files(VAR_DIR)

DEBUG = env.flag("DEBUG", "no")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is on in production, where it shows secrets to visitors. Set DEBUG=no.")

# SECRET_KEY signs sessions, links and tasks; ENCRYPTION_KEYS encrypt stored passwords, the first of them what is new.
SECRET_KEY = env.text("SECRET_KEY", "")
ENCRYPTION_KEYS = [
    checked_secret_key(key, name="ENCRYPTION_KEYS") for key in env.words("ENCRYPTION_KEYS", "")
]
KEEPS_OWN_KEYS = not (PRODUCTION or SECRET_KEY or ENCRYPTION_KEYS)  # in files of VAR_DIR
if SECRET_KEY:
    checked_secret_key(SECRET_KEY)
elif PRODUCTION:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. In production set it to at least 40 random characters, for example the output of: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
else:
    SECRET_KEY = kept_secret_key(VAR_DIR / "secret_key")
if KEEPS_OWN_KEYS:
    ENCRYPTION_KEYS = kept_encryption_keys(VAR_DIR / "encryption_keys")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", "")
SALT_KEY = env.text("SALT_KEY", "supportdesk.fields")  # mixed into keys that are derived from SECRET_KEY

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = env.url("SITE_URL", "http://127.0.0.1:8000", ("http", "https")).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", SITE_URL)
ALLOW_PLAIN_HTTP = env.flag("ALLOW_PLAIN_HTTP", "no")
IS_PLAIN_HTTP = not SITE_URL.startswith("https://") and not is_loopback(SITE_URL)
if PRODUCTION:
    refuse_open_desk(ALLOWED_HOSTS, is_plain_http=IS_PLAIN_HTTP and not ALLOW_PLAIN_HTTP)

# --- Apps ------------------------------------------------------------------------------------------------
# A higher app re-registers a lower app's admin, so the higher one comes later; unfold overrides admin templates.
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its default config would replace the desk's own admin site
    "unfold.contrib.filters",
    "supportdesk.apps.SupportDeskConfig",
    "supportdesk.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_filters",
    "django_q",
    "auditlog",
    "customers",
    "tickets",
    "escalation",
]
MIDDLEWARE = [
    "supportdesk.middleware.RequestIdMiddleware",
    "supportdesk.middleware.HostClockMiddleware",
    "csp.middleware.CSPMiddleware",
    "supportdesk.page_headers.PageHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "supportdesk.readable_input.ReadableInputMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "supportdesk.audit.middleware.AuditMiddleware",
    "supportdesk.middleware.ReaderMiddleware",
    "supportdesk.middleware.ServerTimingMiddleware",
    "supportdesk.middleware.OwnPasswordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "supportdesk.middleware.SessionLimitsMiddleware",
    "supportdesk.middleware.SecondFactorMiddleware",
    "supportdesk.accounts.pages.dangerous_pages.RecentProofMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "supportdesk.urls"
WSGI_APPLICATION = "supportdesk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "supportdesk" / "overrides"],  # templates of the theme that we override
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "csp.context_processors.nonce",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Rules of the desk ------------------------------------------------------------------------------------
# A waiver counts when a second lead has confirmed it. A desk with a single lead may switch that off.
WAIVERS_NEED_TWO = env.flag("WAIVERS_NEED_TWO", "yes")

AUDITLOG_DISABLE_ON_RAW_SAVE = True  # a row that is restored was audited when it was written

# --- Database --------------------------------------------------------------------------------------------
EMBEDDED_DATABASE = f"sqlite:///{quote(str(VAR_DIR / 'desk.sqlite3'))}"
# A pooler in transaction mode keeps neither prepared statements nor parameters of a connection.
DATABASE_POOLED = not env.flag("DATABASE_PREPARE", "yes")
# Seconds after which a page gives up a query, and says so.
PAGE_SECONDS = env.number("PAGE_SECONDS", 15, least=2, most=600)
DATABASES: dict[str, Any] = {"default": env.database("DATABASE_URL", EMBEDDED_DATABASE)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Immediate transactions take the write lock at their start, so that a reader never fails to upgrade. FULL: what
    # is committed is on the disk, because 250 was answered for it.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # The write-ahead log grows while somebody reads for long; afterwards its file is cut to 64 MB.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; "
        "PRAGMA journal_size_limit=67108864;",
        "cached_statements": 1000,  # of 128, the usual number, most are pushed out before they come again
    }
else:
    DATABASES["default"]["ENGINE"] = "supportdesk.postgresql"  # with limits for waiting
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_POOLED
    if not DATABASE_POOLED:
        # The server plans what comes again and again only once; no pooler in transaction mode allows that.
        DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}
# To open a connection anew for each page and task costs some milliseconds, also to a file.
DATABASES["default"]["CONN_MAX_AGE"] = 0 if TESTING else 300

# --- Queue (django-q2) -----------------------------------------------------------------------------------
# Work lives in rows of ours and a task is only a nudge, so a task that is lost, killed or delivered twice does no
# harm: the minute tasks find what is left. `manage.py check` refuses values that break this (supportdesk/checks.py).
REDIS_URL = env.url("REDIS_URL", "", ("redis", "rediss", "unix"))
# Mail in and mail out need one each; promises are enforced and people paged beside the queue, by its cluster's lane.
QUEUE_WORKERS = env.number("QUEUE_WORKERS", 3, least=2, most=64)
Q_CLUSTER: dict[str, Any] = {
    "name": "supportdesk",
    "workers": QUEUE_WORKERS,
    # Prefetched tasks wait although other hosts have idle workers, and the wait counts towards `retry`: prefetch few.
    "queue_limit": QUEUE_WORKERS,
    # Tasks limit their own work to 100 s at most; one that hangs longer is cut off.
    "timeout": 240,
    # Longer than the timeout plus the wait before it; otherwise a task that still runs would be started a second
    # time.
    "retry": 600,
    # A failed task's work is found in our rows by its minute task; the queue itself would retry it for ever.
    "max_attempts": 1,
    "ack_failures": True,
    # After an outage one run of each is enough; catching up would run every missed minute, half a minute apart.
    "catch_up": False,
    # Nobody needs the rows of successful tasks, and pruning them after each task costs a quarter of the throughput.
    "save_limit": -1,
    # Seconds that new mail may wait before a worker starts on it; each poll is one or two small queries.
    "poll": 0.5,
    # Seconds until a dead process is noticed.
    "guard_cycle": 1,
    "recycle": 1000,
    "label": "django-q2",
    # Redis answers sooner, but loses the task of a killed worker; the database returns it after `retry`.
    **(
        {"redis": REDIS_URL, "broker_class": "supportdesk.processes.cluster.redis_broker.OwnRedis"}
        if REDIS_URL
        else {"orm": "default", "broker_class": "supportdesk.processes.cluster.orm_broker.OwnOrm"}
    ),
}

# --- Mail ------------------------------------------------------------------------------------------------
# The desk's own address; customers write to it, and answers come from it.
DESK_ADDRESS = env.address("DESK_ADDRESS", "support@desk.example")
DEFAULT_FROM_EMAIL = DESK_ADDRESS
SERVER_EMAIL = DESK_ADDRESS
SMTP_URL = env.url("SMTP_URL", "", ("smtp", "smtps", "smtp+tls"))
OUTGOING_DIR = VAR_DIR / "outgoing"
# The envelope sender, by whose signed tag a bounce finds its mail: "plus" tags the address of the mailbox
# (support+b12-0-...@example.com), an address such as bounces@example.com is tagged in its place, "off" tags nothing.
BOUNCE_ADDRESS = env.address_or("BOUNCE_ADDRESS", "plus", words=("plus", "off"))
# Signs outgoing mail with DKIM: the file of an RSA key (PEM), and the selector whose DNS record has its public half.
# A key that does not work is reported by `manage.py check` and in the log; mail then leaves unsigned.
DKIM_KEY_FILE = env.text("DKIM_KEY_FILE", "")
DKIM_SELECTOR = env.text("DKIM_SELECTOR", "")
DKIM_DOMAINS = [
    domain.lower() for domain in env.words("DKIM_DOMAINS", parseaddr(DESK_ADDRESS)[1].rpartition("@")[2])
]
MAIL_MAX_BYTES = env.number("MAIL_MAX_BYTES", 25_000_000, least=10_000, most=500_000_000)
# Private mail servers that a mailbox may name: hosts, addresses and networks. Never among them unless listed: the
# addresses of this link and of clouds' metadata. "none": only public ones.
ALLOW_PRIVATE_MAIL_HOSTS = env.hosts(
    "ALLOW_PRIVATE_MAIL_HOSTS", "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8"
)
MAIL_TIMEOUT_SECONDS = env.number("MAIL_TIMEOUT_SECONDS", 30, least=1, most=300)

# --- The desk --------------------------------------------------------------------------------------------
# The signature and sender name of the desk's mails, and the Chinese one: "Aurora Support", "极光技术支持".
DESK_NAME = env.text("DESK_NAME", "Support desk")
DESK_NAME_ZH = env.text("DESK_NAME_ZH", env.text("DESK_NAME", "技术支持"))
DESK_TIME_ZONE = env.zone("DESK_TIME_ZONE", "Asia/Shanghai")
# The mail address of the administrator that `manage.py desk` creates; without it the first sign-in asks for one.
DESK_ADMIN_EMAIL = env.bare_address("DESK_ADMIN_EMAIL")
# Seconds after which a silent sweep, mail fetch or queue is reported as late.
SWEEP_LATE_SECONDS = env.number("SWEEP_LATE_SECONDS", 150, least=60, most=86_400)
FETCH_LATE_SECONDS = env.number("FETCH_LATE_SECONDS", 600, least=60, most=86_400)
QUEUE_LATE_SECONDS = env.number("QUEUE_LATE_SECONDS", 300, least=60, most=86_400)
# Seconds without a finished task after which `manage.py desk` starts its cluster again; a dead process of the
# cluster is noticed at once.
CLUSTER_SILENCE_SECONDS = env.number("CLUSTER_SILENCE_SECONDS", 60, least=30, most=86_400)
# Free megabytes on a disk below which the desk warns, and below which it is unwell and takes no new mail, so that
# answers and promises still have room. 0: never.
DISK_WARNING_MB = env.number("DISK_WARNING_MB", 1_000, least=0, most=10_000_000)
DISK_LEAST_MB = env.number("DISK_LEAST_MB", 200, least=0, most=10_000_000)
# Names of the machines that must run a queue or a mail listener, as System status shows them; others come and go.
EXPECTED_HOSTS = env.words("EXPECTED_HOSTS", "")
# Called after each good sweep, so that an external monitor notices when the sweeps stop: https://hc-ping.com/...
# Called directly, never through a proxy; a redirect is not followed and counts as a failure.
SWEEP_PING_URL = env.url("SWEEP_PING_URL", "", ("http", "https"))
# The token for /metrics; without one there is no such page.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
# Where faults are reported (Sentry) and traces sent (OpenTelemetry by HTTP); neither contains words or addresses.
SENTRY_DSN = env.text("SENTRY_DSN", "")
OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")
# A fire drill ends after this time at the latest.
DRILL_MINUTES = env.number("DRILL_MINUTES", 90, least=5, most=1_440)
# More notifications to one person within a minute become one digest.
NOTIFICATIONS_PER_MINUTE = env.number("NOTIFICATIONS_PER_MINUTE", 3, least=1, most=1_000)
# Whether chat servers and webhooks may be on this machine or its networks.
ALLOW_PRIVATE_TARGETS = env.flag("ALLOW_PRIVATE_TARGETS", "no")
REOPEN_DAYS = env.number("REOPEN_DAYS", 14, least=0, most=3_650)

# --- Language and time -----------------------------------------------------------------------------------
# UTC inside; ReaderMiddleware sets the reader's language and zone for each request.
LANGUAGE_CODE = env.choice("DESK_LANGUAGE", "en", ("en", "zh-hans"))
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS: list[Path] = []
TIME_ZONE = DESK_TIME_ZONE
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["supportdesk.formats"]

# --- Files -----------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "supportdesk" / "overrides" / "static"]  # files of the theme that we override
MEDIA_ROOT = VAR_DIR / "files"
MEDIA_URL = ""  # nothing is served from here directly; attachments go through a view that checks access
# The keys of object stores, for files and backups; without them those that the machine has from its cloud.
S3_ACCESS_KEY = env.text("S3_ACCESS_KEY", "")
S3_SECRET_KEY = env.text("S3_SECRET_KEY", "")
# An object store for attachments and weekly packs, so that several machines need no shared folder.
FILES_BUCKET = env.bucket("FILES_URL")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "tickets.lib.durable_files.DurableFileStorage"}
    if FILES_BUCKET is None
    else {
        "BACKEND": "tickets.lib.object_storage.ObjectStorage",
        "OPTIONS": FILES_BUCKET.storage_options(access_key=S3_ACCESS_KEY, secret_key=S3_SECRET_KEY),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "supportdesk.static_files.HashedStaticFiles"
    },
}
CACHES = {
    "default": {"BACKEND": "supportdesk.accounts.shared_cache.SharedCache"},
    # Images of mails on foreign hosts: a gigabyte at most, for a day (tickets/remote_images.py).
    "images": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR_DIR / "images",
        "TIMEOUT": 86_400,
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}
WHITENOISE_AUTOREFRESH = TESTING or DEBUG  # otherwise every file would have to be collected first
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 30_000_000

# --- Backups ----------------------------------------------------------------------------------------------
# The folder for the scheduled backups, better on another disk, or an object store; without one nothing is scheduled.
BACKUP_FOLDER = env.folder_or_bucket("BACKUP_FOLDER")
# Public keys of age (age1...), separated by commas, for whom backups are encrypted.
BACKUP_RECIPIENTS = env.words("BACKUP_RECIPIENTS", "")
BACKUP_HOURS = env.number("BACKUP_HOURS", 24, least=1, most=168)
# How many backups are kept; 0 keeps all.
BACKUP_KEEP = env.number("BACKUP_KEEP", 14, least=0, most=10_000)

# --- Security --------------------------------------------------------------------------------------------
HTTPS = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = (
    "__Host-session" if HTTPS else "sessionid"
)  # browsers take it from this host by TLS only
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", "yes") and HTTPS
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0, least=0, most=63_072_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz", r"^metrics$"]  # probes ask from within, where no proxy adds TLS
BEHIND_PROXY = env.flag("BEHIND_PROXY", "no")
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"  # the HTML of a mail, which stands in a frame, says so itself
# How many proxies stand one behind the other before the desk, each of which says by whom it was asked.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 1 if BEHIND_PROXY else 0, least=0, most=10)
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}
# Sign-ins that a web process checks or keeps waiting; fewer than its threads, so that the others get answers.
SIGN_INS_AT_ONCE = env.number("SIGN_INS_AT_ONCE", 2, least=1, most=64)
# Days for which sign-ins and failed ones are kept. A browser that was last used before them counts as a new one.
SIGN_IN_KEEP_DAYS = env.number("SIGN_IN_KEEP_DAYS", 400, least=30, most=3_650)
# Days for which other data is kept; 0 keeps everything. What the ledger proves stays in any case.
KEEP_RAW_MAIL_DAYS = env.number("KEEP_RAW_MAIL_DAYS", 0, least=0, most=36_500)
KEEP_FILES_DAYS = env.number("KEEP_FILES_DAYS", 0, least=0, most=36_500)
KEEP_SENT_MAIL_DAYS = env.number("KEEP_SENT_MAIL_DAYS", 0, least=0, most=36_500)
KEEP_CLOSED_WORDS_DAYS = env.number("KEEP_CLOSED_WORDS_DAYS", 0, least=0, most=36_500)
KEEP_NOTIFICATIONS_DAYS = env.number("KEEP_NOTIFICATIONS_DAYS", 0, least=0, most=36_500)
KEEP_AUDIT_DAYS = env.number("KEEP_AUDIT_DAYS", 0, least=0, most=36_500)
# Minutes without activity and hours in any case, after which somebody signs in again; a group may have its own
# (Groups), and administrators are signed out sooner. What refreshes itself is no activity.
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", 240, least=5, most=10_080)
SESSION_HOURS = env.number("SESSION_HOURS", 14, least=1, most=336)
ADMIN_IDLE_MINUTES = env.number("ADMIN_IDLE_MINUTES", 60, least=5, most=10_080)
# Whether an administrator must have a second factor; for others their group says so.
ADMINS_NEED_SECOND_FACTOR = env.flag("ADMINS_NEED_SECOND_FACTOR", "yes" if PRODUCTION else "no")
# Single sign-on by OpenID Connect: the provider's address, ours with it, and which of its groups are which of ours
# ("support=Account manager,ops=Operator"). Whom it puts into none of them has no access.
OIDC_URL = env.url("OIDC_URL", "", ("http", "https")).rstrip("/")
if OIDC_URL and not OIDC_URL.startswith("https://") and not is_loopback(OIDC_URL):
    raise ImproperlyConfigured(
        "OIDC_URL begins with http://, so anybody on the way could sign in. Set it to https://."
    )
CONTENT_SECURITY_POLICY = CONTENT_POLICY
OIDC_NAME = env.text("OIDC_NAME", "SSO")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUPS = env.pairs("OIDC_GROUPS")
globals().update(allauth_settings(OIDC_URL, name=OIDC_NAME, client=OIDC_CLIENT_ID, secret=OIDC_CLIENT_SECRET))
PASSWORD_RESET_TIMEOUT = 3_600
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# --- Logs ------------------------------------------------------------------------------------------------
LOGGING = logging_settings(
    form=env.choice("LOG_FORMAT", "line", ("line", "json")),
    level=env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
)

# --- Misspelt settings -----------------------------------------------------------------------------------
# All settings have been asked for by now.
MISSPELT_SETTINGS = env.misspelt()
if not TESTING and ENV_FILE.is_file():
    env.refuse_unknown(dotenv_values(ENV_FILE), file=ENV_FILE.name)
