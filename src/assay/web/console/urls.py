"""The console's URLs, one include per room."""

from django.urls import URLPattern, URLResolver, include, path

from assay.web.console.numbers.views import home

app_name = "console"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("queue/", include("assay.web.console.queue.urls")),
    path("decisions/", include("assay.web.console.decisions.urls")),
    path("appeals/", include("assay.web.console.appeals.urls")),
    path("testbuys/", include("assay.web.console.testbuys.urls")),
    path("numbers/", include("assay.web.console.numbers.urls")),
    path("audit/", include("assay.web.console.audit.urls")),
    path("effects/", include("assay.web.console.effects.urls")),
]
