"""URLs of the console: decisions."""

from django.urls import URLPattern, path

from assay.web.console.decisions import batches, oversight, views

urlpatterns: list[URLPattern] = [
    path("", views.decision_list, name="decisions"),
    path("disagreements/", oversight.disagreements, name="disagreements"),
    path("disagreements/<int:pk>/settle/", oversight.settle, name="disagreement-settle"),
    path("automation/", oversight.automation_page, name="automation"),
    path("automation/set/", oversight.automation_set, name="automation-set"),
    path("batches/<str:batch>/", batches.batch, name="batch"),
    path("batches/<str:batch>/undo/", batches.undo, name="batch-undo"),
    path("<str:reference>/", views.decision, name="decision"),
    path("<str:reference>/approve/", views.approve, name="decision-approve"),
    path("<str:reference>/refuse/", views.refuse, name="decision-refuse"),
    path("<str:reference>/undo/", views.undo, name="decision-undo"),
]
