"""Pictures on an item's page: those that lie with the market are shown, all others are only named."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image

from assay.casework.findings import Picture
from assay.casework.models import Role
from assay.casework.queries import pictures
from tests.casework.builders import a_person, a_run, an_item
from tests.casework.merchant_cases import a_content
from tests.web.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(tmp_path):
    """A market with a folder of pictures, and the run that rated it."""
    (tmp_path / "market" / "pictures" / "a").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"market_folder": str(tmp_path / "market")}), "utf-8")
    return tmp_path / "market"


def a_picture_file(path, size=(2_400, 1_200), colour="red"):
    Image.new("RGB", size, colour).save(path, "PNG")
    return path


def an_item_with(market, *shown):
    run = a_run(folder=str(market.parent / "run"))
    return an_item(run=run, content=a_content(pictures=shown).to_json())


def addresses_of(html):
    return re.findall(r'<img src="([^"]+)" alt="([^"]+)" width="320" height="320" loading="lazy"', html)


def test_a_picture_is_shown_small_beside_the_one_that_it_resembles(market):
    a_picture_file(market / "pictures" / "a" / "1.png")
    a_picture_file(market / "pictures" / "2.jpg", (600, 600), "blue")
    item = an_item_with(market, Picture("I1", "a/1.png", n_elsewhere=1, elsewhere=("L9",), elsewhere_uri="2.jpg"))
    client = signed_in(a_person())
    (own, words), (other, other_words) = addresses_of(client.get(f"/console/queue/{item.pk}/").content.decode())
    assert (words, other_words) == ("Picture 1 of this offer", "The same picture at listing L9")
    sizes = []
    for address in (own, other):
        answer = client.get(address)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, max-age=3600"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        sizes.append(Image.open(io.BytesIO(answer.content)).size)
    assert sizes == [(1_600, 800), (600, 600)]


def test_an_address_on_the_internet_is_a_link_and_is_never_loaded_by_itself(market):
    item = an_item_with(market, Picture("I1", "https://shop.example/1.jpg?who=analyst"))
    html = signed_in(a_person()).get(f"/console/queue/{item.pk}/").content.decode()
    link = '<a class="mono" href="https://shop.example/1.jpg?who=analyst" target="_blank" rel="noreferrer noopener">'
    assert link in html and not addresses_of(html) and "whoever owns it can see who looks" in html


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("https://img.shop.example/a/1.png", "img.shop.example/a/1.png"),
        ("http://who:secret@IMG.shop.example:8080/1.png?size=2", "img.shop.example:8080/1.png?size=2"),
    ],
)
def test_a_copy_of_what_is_on_the_internet_is_shown_from_the_folder(market, uri, path):
    (market / "pictures" / path).parent.mkdir(parents=True)
    a_picture_file(market / "pictures" / path, (60, 40))
    item = an_item_with(market, Picture("I1", uri, n_elsewhere=1, elsewhere=("L9",), elsewhere_uri=uri))
    client = signed_in(a_person())
    html = client.get(f"/console/queue/{item.pk}/").content.decode()
    assert [client.get(address).status_code for address, _ in addresses_of(html)] == [200, 200]
    assert f'href="{uri}"' not in html


@pytest.mark.parametrize("uri", ["https://../../secret.png", "https://a/../../../secret.png", "https://a\\..\\1.png"])
def test_no_address_on_the_internet_leads_out_of_the_folder(market, uri):
    a_picture_file(market / "secret.png")
    a_picture_file(market.parent / "secret.png")
    item = an_item_with(market, Picture("I1", uri))
    client = signed_in(a_person())
    assert not addresses_of(client.get(f"/console/queue/{item.pk}/").content.decode())
    assert client.get(f"/console/queue/{item.pk}/pictures/{item.finding_id}/1/").status_code == 404


@pytest.mark.parametrize("uri", ["ftp://shop.example/1.jpg", "//shop.example/1.jpg", "s3://b/1.jpg", "", "1.jpg"])
def test_what_does_not_lie_with_the_market_is_said_calmly(market, uri):
    item = an_item_with(market, Picture("I1", uri))
    client = signed_in(a_person())
    html = client.get(f"/console/queue/{item.pk}/").content.decode()
    assert "Its file does not lie with the market." in html and not addresses_of(html)
    assert client.get(f"/console/queue/{item.pk}/pictures/{item.finding_id}/1/").status_code == 404


def test_a_page_is_whole_where_run_and_market_are_gone(tmp_path):
    item = an_item_with(tmp_path / "nowhere", Picture("I1", "a/1.png"))
    page = signed_in(a_person()).get(f"/console/queue/{item.pk}/")
    assert page.status_code == 200 and "Its file does not lie with the market." in page.content.decode()


@pytest.mark.parametrize("uri", ["../secret.png", "a/../../secret.png", "/etc/passwd", "out.png", "a", "."])
def test_no_path_leads_out_of_the_folder(market, uri):
    secret = a_picture_file(market / "secret.png")
    (market / "pictures" / "out.png").symlink_to(secret)
    assert pictures.picture_bytes(an_item_with(market, Picture("I0", "a/ok.png")), *_first(market))
    item = an_item_with(market, Picture("I1", uri.replace("/etc/passwd", str(secret))))
    client = signed_in(a_person())
    assert not addresses_of(client.get(f"/console/queue/{item.pk}/").content.decode())
    assert client.get(f"/console/queue/{item.pk}/pictures/{item.finding_id}/1/").status_code == 404


def _first(market):
    a_picture_file(market / "pictures" / "a" / "ok.png", (4, 4))
    return pictures.Finding.objects.latest("pk").pk, 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.jpg", b"<html><script>alert(1)</script>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("large.jpg", b"\xff\xd8" + b"\0" * pictures.MOST_BYTES),
    ],
)
def test_what_is_no_picture_is_not_given_out(market, name, content):
    (market / "pictures" / name).write_bytes(content)
    item = an_item_with(market, Picture("I1", name))
    assert signed_in(a_person()).get(f"/console/queue/{item.pk}/pictures/{item.finding_id}/1/").status_code == 404


def test_a_picture_of_very_many_pixels_is_not_unpacked(market):
    Image.new("1", (9_000, 6_000)).save(market / "pictures" / "huge.png")
    item = an_item_with(market, Picture("I1", "huge.png"))
    assert signed_in(a_person()).get(f"/console/queue/{item.pk}/pictures/{item.finding_id}/1/").status_code == 404


def test_pictures_are_given_out_under_their_own_item_only_and_to_those_who_may_read_it(market):
    a_picture_file(market / "pictures" / "1.png", (8, 8))
    item, other = an_item_with(market, Picture("I1", "1.png")), an_item()
    address = "/console/queue/{}/pictures/{}/{}/"
    analyst = signed_in(a_person())
    assert analyst.get(address.format(item.pk, item.finding_id, 1)).status_code == 200
    for wrong in ((other.pk, item.finding_id, 1), (item.pk, item.finding_id, 2), (item.pk, item.finding_id, 0)):
        assert analyst.get(address.format(*wrong)).status_code == 404
    assert analyst.get(address.format(item.pk, item.finding_id, 1) + "other/").status_code == 404
    assert signed_in(a_person(Role.AUDITOR)).get(address.format(item.pk, item.finding_id, 1)).status_code == 200
    assert signed_in(a_person(Role.MERCHANT)).get(address.format(item.pk, item.finding_id, 1)).status_code in (403, 404)
