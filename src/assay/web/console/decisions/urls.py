"""URLs of the console: decisions."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
