"""Subjects under ids longer than casework keeps are left out of a load, counted and named; the rest comes whole."""

import pytest

from assay import pipeline
from assay.casework.models import AnalysisRun, AuditEvent, Item
from assay.casework.services import arrivals
from assay.cli.main import main
from assay.market.values.identifiers import MOST_CHARACTERS
from tests.casework.loads import SETTINGS, load
from tests.signals.markets import listing, write_market

pytestmark = pytest.mark.django_db
MOST = 200
FITS = "https://shop.example/".ljust(MOST, "a")
LONG_GOODS = "https://shop.example/g".ljust(MOST + 1, "b")
LONG_SHOP = "https://shop.example/m".ljust(MOST_CHARACTERS, "c")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long-ids")
    goods = [
        listing(listing_id="L1"),
        listing(listing_id=FITS, merchant_id=FITS),
        listing(listing_id=LONG_GOODS),
        listing(listing_id="L2", merchant_id=LONG_SHOP),
        listing(listing_id="L3", merchant_id=LONG_SHOP),
    ]
    market = write_market(folder / "market", listings=goods)
    return pipeline.rate(market, folder / "run", settings=SETTINGS).folder


def _subjects():
    return set(Item.objects.values_list("subject_type", "subject_id"))


@pytest.mark.parametrize("batch", [1, 40])
def test_what_cannot_be_kept_is_left_out_counted_and_named_and_the_load_ends(run, batch):
    loaded = load(run, least_score=0, n_random=2, batch=batch)
    assert _subjects() == {("listing", "L1"), ("listing", FITS), ("merchant", "M1"), ("merchant", FITS)}
    assert (loaded.counts["opened"], loaded.counts["id_too_long"]) == (4, 4)
    assert sorted(loaded.counts["ids_too_long"]) == [LONG_GOODS, LONG_SHOP]
    assert AuditEvent.objects.get(action="run.loaded").after == loaded.counts
    assert AnalysisRun.objects.get().finished_at is not None
    assert load(run, least_score=0, n_random=2).is_unchanged


def test_a_load_that_was_stopped_counts_each_once(run, monkeypatch):
    real, calls = arrivals.write, iter(range(100))

    def failing(*given):
        written = real(*given)
        if next(calls) == 3:
            raise KeyboardInterrupt
        return written

    monkeypatch.setattr(arrivals, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        load(run, least_score=0, batch=1)
    counts = load(run, least_score=0, batch=1).counts
    assert (counts["opened"], counts["id_too_long"], len(counts["ids_too_long"])) == (4, 4, 2)


def test_the_command_says_how_many_which_and_what_to_do(run, capsys):
    assert main(["casework", "load", str(run), "--least-score", "0", "--memory", "1", "--workers", "1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "4 goods and merchants were left out: their id, or their merchant's, has more than 200 characters" in said
    assert f"{LONG_GOODS[:60]}… (201 characters)" in said and f"{LONG_SHOP[:60]}… (1,024 characters)" in said
    assert "Give the market shorter ones, rate it and load that run (docs/how-to/casework-start.md)." in said


def test_a_load_in_which_all_fit_counts_none():
    loaded = load()
    assert (loaded.counts["id_too_long"], loaded.counts["ids_too_long"]) == (0, [])
