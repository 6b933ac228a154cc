"""What a rating brings to an item that is there already."""

from __future__ import annotations

import pytest

from assay.casework.models import Item
from assay.casework.services import arrivals, automation, claims
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
    brought = Arrival(content_of(item, 99.0), 100, is_flagged=True, inclusion_probability=None)
    arrivals.write(None if is_live else a_run(), "listing", [brought], NOW)
    after = Item.objects.get()
    assert (after.score, after.inclusion_probability) == (99.0, 0.01)
    assert automation.decide_due() == 0
    an_item(rank=99.0)
    served = claims.take_next(Actor.of(a_person()), draw=lambda one_in: one_in == claims.RANDOM_ONE_IN)
    assert served == item
