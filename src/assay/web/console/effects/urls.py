"""URLs of the console: effects."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
