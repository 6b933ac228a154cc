"""The Django app."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    """Casework's tables live under the label `casework`."""

    name = "assay.casework"
    label = "casework"
    default_auto_field = "django.db.models.BigAutoField"
