"""URLs of the portal."""

from django.urls import URLPattern, path

from assay.web.portal import appeals, statements

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("statements/", statements.statement_list, name="statements"),
    path("statements/<str:reference>/", statements.statement, name="statement"),
    path("statements/<str:reference>/letter/", statements.letter, name="letter"),
    path("statements/<str:reference>/documents/", statements.upload, name="upload"),
    path("statements/<str:reference>/appeal/", statements.lodge, name="lodge"),
    path("documents/<int:pk>/", statements.document, name="document"),
    path("appeals/", appeals.appeal_list, name="appeals"),
    path("appeals/<int:pk>/", appeals.appeal, name="appeal"),
    path("appeals/<int:pk>/withdraw/", appeals.withdraw, name="withdraw"),
    path("standing/", statements.standing, name="standing"),
]
