"""URLs of the console: appeals."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
