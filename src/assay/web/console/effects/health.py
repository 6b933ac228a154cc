"""Whether the server is fit, for load balancers and monitors: no secrets, no sign-in."""

from __future__ import annotations

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from assay.casework.queries.jobs import LATE_SECONDS, worker_age_seconds


def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503; `worker` is `late` when no worker has said anything for 90 seconds."""
    try:
        age = worker_age_seconds(timezone.now())
    except Error:
        return JsonResponse({"status": "failing", "database": "away", "worker": "unknown"}, status=503)
    is_late = age is None or age > LATE_SECONDS
    return JsonResponse(
        {
            "status": "late" if is_late else "good",
            "database": "there",
            "worker": "late" if is_late else "there",
            "worker_age_seconds": None if age is None else round(age),
        }
    )
