"""Views are kept, replaced, shared within the organisation and deleted by whoever made them."""

from __future__ import annotations

import pytest

from assay.casework.access import NotThere, Refused
from assay.casework.models import SavedView
from assay.casework.queries.queue import Wanted
from assay.casework.queries.views import the_view, views_of
from assay.casework.services import views
from assay.casework.services.recording import Actor
from assay.market.errors import CallerError
from tests.casework.builders import a_person, an_organisation

pytestmark = pytest.mark.django_db
WATCHES = Wanted(category="watches", band="high")


def test_a_view_is_kept_and_replaced_under_its_name():
    actor = Actor.of(a_person())
    views.save(actor, name="  my   watches ", wanted=WATCHES)
    views.save(actor, name="my watches", wanted=Wanted(brand="Norvane"))
    assert SavedView.objects.get().query == {"brand": "Norvane"}
    assert views_of(actor.person)[0].address == "?brand=Norvane"


def test_a_shared_view_is_seen_by_colleagues_and_changed_by_its_maker_only():
    maker, colleague = a_person(), a_person()
    stranger = a_person(organisation=an_organisation())
    view = views.save(Actor.of(maker), name="watches", wanted=WATCHES)
    assert not views_of(colleague)
    with pytest.raises(NotThere):
        the_view(colleague, view.pk)
    views.share(Actor.of(maker), view, is_shared=True)
    assert views_of(colleague) == [view] and not views_of(stranger)
    with pytest.raises(Refused):
        views.share(Actor.of(colleague), view, is_shared=False)
    with pytest.raises(Refused):
        views.delete(Actor.of(colleague), view)
    with pytest.raises(NotThere):
        the_view(colleague, view.pk, "view.change")
    views.delete(Actor.of(maker), view)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_view_needs_a_name(name):
    with pytest.raises(CallerError, match="1 to 100"):
        views.save(Actor.of(a_person()), name=name, wanted=WATCHES)


def test_nobody_keeps_more_than_twenty():
    actor = Actor.of(a_person())
    for n in range(views.MOST_VIEWS):
        views.save(actor, name=str(n), wanted=WATCHES)
    views.save(actor, name="3", wanted=Wanted())
    with pytest.raises(CallerError, match="delete one first"):
        views.save(actor, name="one more", wanted=WATCHES)
