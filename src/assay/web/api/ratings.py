"""POST /ratings: a listing is rated at the moment it is created, by the same signals and model as the batch."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse
from ninja import Router

from assay.casework.services.live import open_flagged
from assay.casework.services.recording import Actor
from assay.casework.services.repeats import once
from assay.market.errors import OutsideError
from assay.market.scores import RED_FLAG_SCORE
from assay.pipeline import Explanation, LiveRater, open_live
from assay.web.api.keys import ApiRequest
from assay.web.api.shapes import Error, Rating, RatingRequest

router = Router()
_OPENING = threading.Lock()


@router.post(
    "/ratings",
    response={200: Rating, 400: Error, 401: Error, 403: Error, 413: Error, 422: Error, 429: Error, 503: Error},
    url_name="ratings",
    summary="Rate a listing as it is created",
)
def rate(request: ApiRequest, asked: RatingRequest) -> HttpResponse:
    """The score from 0 to 100 with every step and every discrepancy.

    It is the score that the batch gives the same listing. A red flag opens an item for review unless `open_item` is
    false; rating the same listing again updates what is open and never what was decided.
    """
    if (key := request.headers.get("Idempotency-Key")) is None:
        return _json(_rated(request, asked))
    done = once(request.auth, key, request.path.encode() + b"\n" + request.body, lambda: (200, _rated(request, asked)))
    return _json(done.response, {"Idempotent-Replay": "true"} if done.is_repeat else {})


def _json(said: dict[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The answer as it stands: checking some hundred values of our own making against their schema costs as much as a
    third of the rating. A test holds every answer against the schema instead.
    """
    return HttpResponse(orjson.dumps(said), content_type="application/json; charset=utf-8", headers=headers)


def _rated(request: ApiRequest, asked: RatingRequest) -> dict[str, Any]:
    rater = the_rater()
    listing = dict(asked.listing)
    if asked.images:
        listing["images"] = [each.dict(exclude_none=True) for each in asked.images]
    found = rater.rate(listing)
    is_red_flag = found.waterfall.score >= RED_FLAG_SCORE
    item = None
    if is_red_flag and asked.open_item:
        item = open_flagged(Actor.of(request.auth.person), found, listing, rater).pk
    return _said(found, rater, item=item, is_red_flag=is_red_flag)


def _said(found: Explanation, rater: LiveRater, *, item: int | None, is_red_flag: bool) -> dict[str, Any]:
    fall = found.waterfall
    return {
        "listing_id": found.subject_id,
        "merchant_id": found.merchant_id,
        "score": fall.score,
        "low": fall.score_low,
        "high": fall.score_high,
        "label": found.label,
        "is_red_flag": is_red_flag,
        "base_score": fall.base_score,
        "base_points": fall.base_points,
        "points": fall.score_points,
        "steps": [
            {
                "signal": step.id,
                "points": step.points,
                "value": step.value,
                "checked": step.checked,
                "score_before": step.score_before,
                "score_after": step.score_after,
            }
            for step in fall.steps
        ],
        "discrepancies": [_discrepancy(each) for each in found.discrepancies],
        "merchant_discrepancies": [_discrepancy(each) for each in found.merchant_discrepancies],
        "not_checked": list(found.not_checked),
        "not_computed": found.not_computed,
        "snapshot_id": rater.snapshot_id,
        "model": str(rater.about["model"]["listing"]),
        "item": item,
    }


def _discrepancy(each: Any) -> dict[str, Any]:  # noqa: ANN401 - a Discrepancy of the signals
    return {"signal": each.signal, "value": each.value, "text": each.text}


def the_rater() -> LiveRater:
    """The rater of the run that ASSAY_RUN names, opened once. OutsideError while none is named."""
    if not settings.ASSAY_RUN:
        raise OutsideError(
            "No rated run is served: start the server with ASSAY_RUN naming a run that `assay live prepare` prepared.",
            where={"setting": "ASSAY_RUN"},
            allowed="a run folder",
        )
    with _OPENING:
        return _opened(settings.ASSAY_RUN)


@cache
def _opened(folder: str) -> LiveRater:
    return open_live(Path(folder))
