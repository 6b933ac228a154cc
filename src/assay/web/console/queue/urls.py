"""URLs of the console: queue."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
