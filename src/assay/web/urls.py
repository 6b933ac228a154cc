"""Every URL: one include per face. `web/permits.py` says who may use which."""

from django.urls import include, path
from django.views.i18n import set_language

from assay.web.accounts.signing import home
from assay.web.console.effects.health import health

urlpatterns = [
    path("", home, name="home"),
    path("", include("assay.web.accounts.urls")),
    path("console/", include("assay.web.console.urls")),
    path("portal/", include("assay.web.portal.urls")),
    path("api/", include("assay.web.api.urls")),
    path("health", health, name="health"),
    path("language/", set_language, name="set-language"),
]

handler400 = "assay.web.faults.bad_request"
handler403 = "assay.web.faults.refused"
handler404 = "assay.web.faults.not_found"
handler500 = "assay.web.faults.our_fault"
