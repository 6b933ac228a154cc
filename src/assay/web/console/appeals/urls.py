"""URLs of the console: appeals."""

from django.urls import URLPattern, path

from assay.web.console.appeals import policies, views

urlpatterns: list[URLPattern] = [
    path("", views.appeal_list, name="appeals"),
    path("<int:pk>/", views.appeal, name="appeal"),
    path("<int:pk>/claim/", views.claim, name="appeal-claim"),
    path("<int:pk>/release/", views.release, name="appeal-release"),
    path("<int:pk>/answer/", views.answer, name="appeal-answer"),
    path("documents/", views.document_list, name="documents"),
    path("documents/<int:pk>/", views.document, name="case-document"),
    path("strikes/", policies.policies, name="strike-policies"),
    path("strikes/draft/", policies.draft, name="strike-draft"),
    path("strikes/<int:pk>/", policies.policy, name="strike-policy"),
    path("strikes/<int:pk>/switch-on/", policies.switch_on, name="strike-switch-on"),
]
