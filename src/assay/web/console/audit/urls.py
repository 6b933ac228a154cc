"""URLs of the console: audit."""

from django.urls import path

from assay.web.console.audit import holds, views

urlpatterns = [
    path("", views.log, name="audit"),
    path("export.csv", views.export, name="audit-export"),
    path("checkpoint/", views.checkpoint, name="audit-checkpoint"),
    path("subject/<str:subject_type>/<path:subject_id>/", views.subject, name="audit-subject"),
    path("holds/", holds.holds, name="holds"),
    path("holds/place/", holds.place, name="hold-place"),
    path("holds/<int:pk>/lift/", holds.lift, name="hold-lift"),
]
