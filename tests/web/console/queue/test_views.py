"""A view is saved, shared and deleted from the queue."""

from __future__ import annotations

import pytest

from assay.casework.models import SavedView
from tests.casework.builders import a_person
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


def test_save_share_delete():
    client, colleague = signed_in(a_person()), signed_in(a_person())
    form = {"name": "watches", "category": "watches", "back": "/console/queue/?category=watches"}
    said = client.post("/console/queue/views/", form, follow=True)
    assert said.redirect_chain[-1][0] == form["back"] and 'href="?category=watches"' in said.content.decode()
    view = SavedView.objects.get()
    assert "watches" not in colleague.get("/console/queue/").content.decode()
    client.post(f"/console/queue/views/{view.pk}/share/")
    assert 'href="?category=watches"' in colleague.get("/console/queue/").content.decode()
    assert colleague.post(f"/console/queue/views/{view.pk}/delete/").status_code == 404
    client.post(f"/console/queue/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_is_said():
    said = signed_in(a_person()).post("/console/queue/views/", {"name": ""}, follow=True).content.decode()
    assert "A view needs a name" in said
