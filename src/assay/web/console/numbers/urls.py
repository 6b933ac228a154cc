"""URLs of the console: numbers."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
