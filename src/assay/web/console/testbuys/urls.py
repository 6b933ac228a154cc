"""URLs of the console: test buys."""

from django.urls import URLPattern, path

from assay.web.console.testbuys import examinations, programmes, tasks

urlpatterns: list[URLPattern] = [
    path("", programmes.programmes, name="programmes"),
    path("<int:pk>/", programmes.programme, name="programme"),
    path("<int:pk>/refresh/", programmes.refresh, name="programme-refresh"),
    path("<int:pk>/replace/", programmes.replace, name="programme-replace"),
    path("<int:pk>/give-out/", programmes.give_out, name="programme-give-out"),
    path("<int:pk>/close/", programmes.close, name="programme-close"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<int:pk>/", tasks.task, name="task"),
    path("tasks/<int:pk>/take/", tasks.take, name="task-take"),
    path("tasks/<int:pk>/assign/", tasks.assign, name="task-assign"),
    path("tasks/<int:pk>/order/", tasks.order, name="task-order"),
    path("tasks/<int:pk>/receive/", tasks.receive, name="task-receive"),
    path("tasks/<int:pk>/photograph/", tasks.photograph, name="task-photograph"),
    path("tasks/<int:pk>/seal/", tasks.seal, name="task-seal"),
    path("tasks/<int:pk>/fail/", tasks.fail, name="task-fail"),
    path("tasks/<int:pk>/send/", tasks.send, name="task-send"),
    path("tasks/<int:pk>/lose/", tasks.lose, name="task-lose"),
    path("tasks/<int:pk>/examine/", tasks.examine, name="task-examine"),
    path("tasks/<int:pk>/photographs/<int:number>/", tasks.picture, name="task-picture"),
    path("examinations/", examinations.examinations, name="examinations"),
    path("examinations/<int:pk>/", examinations.examination, name="examination"),
    path("examinations/<int:pk>/take/", examinations.take, name="examination-take"),
    path("examinations/<int:pk>/arrive/", examinations.arrive, name="examination-arrive"),
    path("examinations/<int:pk>/send/", examinations.send, name="examination-send"),
    path("examinations/<int:pk>/finish/", examinations.finish, name="examination-finish"),
    path("examinations/<int:pk>/decline/", examinations.decline, name="examination-decline"),
    path("examinations/<int:pk>/photographs/<int:number>/", examinations.picture, name="examination-picture"),
]
