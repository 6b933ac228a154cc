"""What a rating brings to an item that is there already."""

from __future__ import annotations

import pytest

from assay.casework.models import Finding, Item
from assay.casework.services import arrivals, automation, batches, claims
from assay.casework.services.arrivals import Arrival
from assay.casework.services.recording import Actor
from tests.casework.builders import NOW, a_person, a_run, an_item, content_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_live", [True, False])
def test_an_item_that_was_drawn_stays_in_the_sample_whatever_a_later_rating_makes_of_it(is_live):
    item = an_item(stream="random", inclusion_probability=0.01, score=10.0)
    automation.set_policy(
        Actor.of(a_person("senior")), category="watches", most_severe_action="demote", least_score=90.0
    )
    brought = Arrival(content_of(item, 99.0), 100, "EUR", is_flagged=True, inclusion_probability=None)
    arrivals.write(None if is_live else a_run(), "listing", [brought], NOW)
    after = Item.objects.get()
    assert (after.score, after.inclusion_probability) == (99.0, 0.01)
    assert automation.decide_due() == 0
    an_item(rank=99.0)
    served = claims.take_next(Actor.of(a_person()), draw=lambda one_in: one_in == claims.RANDOM_ONE_IN)
    assert served == item


def _brought(item, score=99.0, **given):
    return Arrival(content_of(item, score), 100, "EUR", **{"is_flagged": True, "inclusion_probability": None} | given)


def test_the_event_of_a_batch_names_what_was_opened_changed_and_drawn_and_not_what_was_left():
    changed, drawn, left = an_item(), an_item(state="decided"), an_item(state="decided")
    run, new = a_run(), Item(subject_type="listing", subject_id="NEW", merchant_id="M1")
    was = batches.told(batches.standing([changed, drawn]))
    brought = [_brought(new), _brought(changed), _brought(drawn, inclusion_probability=0.5), _brought(left)]
    (told,) = arrivals.write(run, "listing", brought, NOW).happenings
    opened = Item.objects.get(subject_id="NEW")
    assert (told.action, told.subject_type, told.subject_id) == ("run.items_written", "analysisrun", str(run.pk))
    assert told.before == was
    assert told.after == batches.told(batches.standing([changed, drawn, opened]))


def test_a_batch_that_leaves_everything_as_it_was_leaves_no_event():
    assert not arrivals.write(a_run(), "listing", [_brought(an_item(state="decided"))], NOW).happenings


@pytest.mark.parametrize("column", ["score", "state", "stream", "harm_minor", "inclusion_probability", "opened_at"])
def test_the_hash_of_a_batch_shows_when_an_item_is_another_one(column):
    item = an_item()
    before = batches.told(batches.standing([item]))
    other = {"state": "closed", "stream": "live", "opened_at": NOW.replace(year=2020)}.get(column, 7)
    Item.objects.update(**{column: other})
    assert batches.told(batches.standing([item])) != before


def test_the_hash_of_a_batch_shows_when_its_findings_say_something_else():
    item = an_item()
    before = batches.told(batches.standing([item]))
    Finding.objects.update(content_sha256="0" * 64)
    assert batches.told(batches.standing([item])) != before
