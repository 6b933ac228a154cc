"""Django's settings, all from the environment; the defaults are safe for production.

| variable | meaning | default |
|---|---|---|
| ASSAY_HOME | folder of everything casework keeps (database, keys, uploads) | ./assay-home |
| ASSAY_SECRET_KEY | secret that signs sessions and links; at least 50 random characters | a file in ASSAY_HOME |
| DATABASE_URL | postgres://… or sqlite:///… | SQLite in ASSAY_HOME |
| ASSAY_HOSTS | host names that are served, with commas | localhost,127.0.0.1,[::1] |
| ASSAY_ORIGIN | address people type; with https:// secure cookies and HSTS are on | none |
| ASSAY_PROXY | 1 when a proxy in front ends TLS and sets X-Forwarded-Proto and X-Forwarded-For | 0 |
| ASSAY_PROXY_ADDRESS | address that the proxy in front connects from | 127.0.0.1 |
| ASSAY_ALLOW_PRIVATE_ENDPOINTS | 1 lets effects go to private addresses and plain http: for trying out | 0 |
| ASSAY_RUN | run folder that POST /ratings rates with | none |
| ASSAY_DISPUTE_BODY | name and address of the out-of-court dispute body that letters to merchants name | none |
| ASSAY_TERMS_URL | address of the terms of use that statements of reasons refer to | none |
"""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url

from assay.casework.home import django_secret

HOME = Path(os.environ.get("ASSAY_HOME", "assay-home")).absolute()
WEB = Path(__file__).resolve().parent
ORIGIN = os.environ.get("ASSAY_ORIGIN", "").rstrip("/")
IS_HTTPS = ORIGIN.startswith("https://")

SECRET_KEY = django_secret(HOME)
DEBUG = False
ALLOWED_HOSTS = [
    host.strip() for host in os.environ.get("ASSAY_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host.strip()
]
CSRF_TRUSTED_ORIGINS = [ORIGIN] if ORIGIN else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "assay.casework",
    "assay.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "assay.web.headers.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "assay.web.gate.Gate",
]

ROOT_URLCONF = "assay.web.urls"
WSGI_APPLICATION = "assay.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [WEB / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "assay.web.surroundings.surroundings",
            ],
            "builtins": ["assay.web.shown"],
        },
    }
]

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{HOME / 'casework.sqlite3'}", conn_max_age=600, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A write transaction takes its lock when it begins: two that read first and write later would block each other.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "casework.Person"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
OTP_LOGIN_URL = "accounts:second-factor"
OTP_TOTP_ISSUER = "Assay"

SESSION_COOKIE_NAME = "assay_session"
SESSION_COOKIE_AGE = 12 * 3600  # a working day: who comes back tomorrow signs in again
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "assay.web.faults.csrf_refused"
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_SSL_REDIRECT = False  # the proxy redirects; a health check comes without TLS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
ASSAY_PROXY = os.environ.get("ASSAY_PROXY", "0") == "1"
if ASSAY_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "assay.web.uploading.NoLargerThanADocument",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [WEB / "locale"]
LANGUAGE_COOKIE_NAME = "assay_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [WEB / "static"]
WHITENOISE_USE_FINDERS = True  # files come from the package itself: nothing has to be collected first
WHITENOISE_ALLOW_ALL_ORIGINS = False

ALLOW_PRIVATE_ENDPOINTS = os.environ.get("ASSAY_ALLOW_PRIVATE_ENDPOINTS", "0") == "1"
ASSAY_RUN = os.environ.get("ASSAY_RUN", "")
ASSAY_DISPUTE_BODY = os.environ.get("ASSAY_DISPUTE_BODY", "").strip()
ASSAY_TERMS_URL = os.environ.get("ASSAY_TERMS_URL", "").strip()

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"assay": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
