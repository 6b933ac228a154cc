"""URLs of the console: testbuys."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
