"""URLs of the API."""

from django.urls import URLPattern, URLResolver, path

from assay.web.api import cases, ratings
from assay.web.api.application import api

api.add_router("", ratings.router)
api.add_router("", cases.router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/openapi.json", cases.openapi, name="openapi"),
    path("v1/", api.urls),
]
