"""URLs of the console: audit."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
