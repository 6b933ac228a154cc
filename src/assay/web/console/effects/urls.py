"""URLs of the console: effects."""

from django.urls import URLPattern, path

from assay.web.console.effects import views

urlpatterns: list[URLPattern] = [
    path("", views.endpoint_list, name="endpoints"),
    path("add/", views.endpoint_add, name="endpoint-add"),
    path("endpoints/<int:pk>/", views.endpoint, name="endpoint"),
    path("endpoints/<int:pk>/pause/", views.endpoint_pause, name="endpoint-pause"),
    path("endpoints/<int:pk>/resume/", views.endpoint_resume, name="endpoint-resume"),
    path("endpoints/<int:pk>/retire/", views.endpoint_retire, name="endpoint-retire"),
    path("endpoints/<int:pk>/secret/", views.endpoint_secret, name="endpoint-secret"),
    path("endpoints/<int:pk>/move/", views.endpoint_move, name="endpoint-move"),
    path("endpoints/<int:pk>/send-on/", views.endpoint_send_on, name="endpoint-send-on"),
    path("endpoints/<int:pk>/trial/", views.endpoint_trial, name="endpoint-trial"),
    path("endpoints/<int:pk>/retry/", views.endpoint_retry, name="endpoint-retry"),
    path("sent/", views.effect_list, name="effects"),
    path("sent/<int:pk>/", views.effect, name="effect"),
    path("sent/<int:pk>/retry/", views.effect_retry, name="effect-retry"),
    path("sent/<int:pk>/waive/", views.effect_waive, name="effect-waive"),
    path("jobs/", views.jobs, name="jobs"),
]
