"""The Django app of the pages: templates, translations, static files; no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages over casework."""

    name = "assay.web"
    label = "web"
