"""URLs of the console: queue."""

from django.urls import URLPattern, path

from assay.web.console.queue import bulk, keeping, pictures, views, working

urlpatterns: list[URLPattern] = [
    path("", views.queue, name="queue"),
    path("next/", working.take_next, name="queue-next"),
    path("together/", bulk.choose, name="bulk"),
    path("together/apply/", bulk.apply, name="bulk-apply"),
    path("views/", keeping.save, name="view-save"),
    path("views/<int:pk>/share/", keeping.share, name="view-share"),
    path("views/<int:pk>/delete/", keeping.delete, name="view-delete"),
    path("gold/", keeping.gold_list, name="gold"),
    path("gold/<int:pk>/retire/", keeping.gold_retire, name="gold-retire"),
    path("<int:pk>/gold/", keeping.gold_add, name="gold-add"),
    path("<int:pk>/", views.item, name="item"),
    path("<int:pk>/pictures/<int:finding>/<int:place>/", pictures.picture, name="item-picture"),
    path(
        "<int:pk>/pictures/<int:finding>/<int:place>/other/",
        pictures.picture,
        {"of_other": True},
        name="item-picture-other",
    ),
    path("<int:pk>/take/", working.take, name="item-take"),
    path("<int:pk>/keep/", working.keep, name="item-keep"),
    path("<int:pk>/release/", working.release, name="item-release"),
    path("<int:pk>/preview/", working.preview, name="item-preview"),
    path("<int:pk>/answer/", working.answer, name="item-answer"),
    path("<int:pk>/snooze/", working.snooze, name="item-snooze"),
    path("<int:pk>/wake/", working.wake, name="item-wake"),
]
