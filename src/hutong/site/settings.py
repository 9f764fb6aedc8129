"""Settings of a hub: everything a hub may choose is an environment variable, everything else is fixed here.

HUTONG_HOME is the data folder (default ``.hutong``): database, files, keys. HUTONG_DATABASE_URL names a PostgreSQL
instead of the SQLite file in it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hutong.platform.secrets import secret_of
from hutong.platform.sqlite import INIT

HUTONG_HOME = Path(os.environ.get("HUTONG_HOME", ".hutong")).absolute()
HUTONG_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
HUTONG_NAME = os.environ.get("HUTONG_NAME", "hutong.local")
HUTONG_PLAN = os.environ.get("HUTONG_PLAN", "beijing-2023-2025.yaml")
HUTONG_UPLOAD_LIMIT = int(os.environ.get("HUTONG_UPLOAD_LIMIT", 64 << 20))
HUTONG_RATE_LIMIT = int(os.environ.get("HUTONG_RATE_LIMIT", 600))
HUTONG_SIGN_IN_LIMIT = int(os.environ.get("HUTONG_SIGN_IN_LIMIT", 30))

SECRET_KEY = secret_of(HUTONG_HOME, "django")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HUTONG_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("HUTONG_ORIGINS", "").split(",") if o]

# The lane, in order: a department may know those before it, never those after it.
LANE = (
    "parties",
    "passport",
    "calls",
    "compute",
    "datahub",
    "forge",
    "trust",
    "filing",
    "ethics",
    "scenarios",
    "plan",
)

INSTALLED_APPS = [
    # First: its templates stand before those of the libraries.
    "hutong.platform.apps.PlatformConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    *(f"hutong.modules.{name}.apps.Config" for name in LANE),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hutong.platform.web.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hutong.platform.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hutong.platform.web.middleware.ActorMiddleware",
    "hutong.platform.web.middleware.RateLimitMiddleware",
]

ROOT_URLCONF = "hutong.site.urls"
WSGI_APPLICATION = "hutong.site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hutong.platform.language.language_context",
                "hutong.platform.web.frame.frame_context",
            ],
        },
    },
]


def _sqlite(home: Path) -> dict[str, Any]:
    # IMMEDIATE: Django's default takes the write lock late and then finds the database locked.
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": home / "hutong.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": INIT},
        "CONN_MAX_AGE": None,
        # A file and not memory, so that threads and processes of a test share what users share.
        "TEST": {"NAME": home / f"test-{os.getpid()}.sqlite3"},
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or query.get("port", [""])[0]),
        "CONN_MAX_AGE": 60,
    }


_url = os.environ.get("HUTONG_DATABASE_URL", "")
DATABASES = {"default": _postgresql(_url) if _url.startswith("postgres") else _sqlite(HUTONG_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

AUTH_USER_MODEL = "platform.Person"
AUTHENTICATION_BACKENDS = ["hutong.platform.web.accounts.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Accounts are made by a hub operator (parties.person.invite); strangers do not sign up.
ACCOUNT_ADAPTER = "hutong.platform.web.accounts.AccountAdapter"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = HUTONG_NAME
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/my"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = HUTONG_HOME / "mail"


def _oidc() -> list[dict[str, Any]]:
    if "HUTONG_OIDC_ISSUER" not in os.environ:
        return []
    return [
        {
            "provider_id": "hub",
            "name": os.environ.get("HUTONG_OIDC_NAME", "OpenID Connect"),
            "client_id": os.environ["HUTONG_OIDC_CLIENT"],
            "secret": os.environ["HUTONG_OIDC_SECRET"],
            "settings": {"server_url": os.environ["HUTONG_OIDC_ISSUER"]},
        }
    ]


SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": _oidc()}}

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

STATIC_URL = "/static/"
STATIC_ROOT = HUTONG_HOME / "static"
# Files are served from the installed package; the folder only has to be there.
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
# Behind TLS a hub sets HUTONG_TLS=1; on 127.0.0.1 a secure cookie would never come back.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("HUTONG_TLS") == "1"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_PERMISSIONS = 0o600

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SILENCED_SYSTEM_CHECKS = ["models.W042"]
