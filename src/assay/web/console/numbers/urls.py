"""URLs of the console: numbers."""

from django.urls import URLPattern, path

from assay.web.console.numbers import views

urlpatterns: list[URLPattern] = [
    path("", views.overview, name="numbers"),
]
