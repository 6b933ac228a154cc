"""Test buys from a rated run to a verified figure, and everything that may go wrong on the way."""

import csv
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from assay.engine import EngineSettings
from assay.market.errors import CallerError
from assay.measurement.enforcement import Harm
from assay.measurement.plans import PlanSettings
from assay.measurement.sealing import BrokenSeal
from assay.measurement.trends import Trend
from assay.pipeline import testbuys
from assay.pipeline.custody import open_test_buys
from assay.pipeline.keys import key_path, signing_key
from assay.pipeline.outcomes import record_outcomes, test_buy_status, test_buy_verdicts
from assay.pipeline.prevalence import compare_prevalence, estimate_prevalence, plan_claim, verify_prevalence
from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys

test_buy_status.__test__ = test_buy_verdicts.__test__ = False
SETTINGS = PlanSettings(200)
# A market of 1,500 goods has little to stop; cheap buys and a long horizon make some worth their cost.
CHEAP = Harm(horizon_days=900, handling_minor=100)
DAY = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("key") / "signing-key.pem"


def planned(tiny, key, to, settings=SETTINGS, **request):
    small = EngineSettings(memory_gib=1.0, workers=1)
    asked = {"key_file": key, "seed": "7", "sealed_at": DAY, "engine_settings": small, "harm": CHEAP} | request
    return plan_test_buys(tiny / "run", to, settings, PlanRequest(**asked))


@pytest.fixture(scope="module")
def sealed(tiny, key, tmp_path_factory) -> Path:
    """A sealed plan, drawn."""
    folder = tmp_path_factory.mktemp("buys") / "buys"
    planned(tiny, key, folder)
    draw_test_buys(folder)
    return folder


@pytest.fixture
def buys(sealed, tmp_path) -> Path:
    """A copy of the sealed plan to do things to."""
    return shutil.copytree(sealed, tmp_path / "buys")


def truth(tiny):
    table = pq.read_table(tiny / "truth" / "listings.parquet", columns=["listing_id", "is_counterfeit"])
    return dict(zip(table["listing_id"].to_pylist(), table["is_counterfeit"].to_pylist(), strict=True))


def outcome_rows(folder, tiny):
    fake = truth(tiny)
    for row in open_test_buys(folder).drawn_units().to_pylist():
        is_fake = row["known"] == "counterfeit" if row["pot"] == "control" else fake[row["listing_id"]]
        word = "counterfeit" if is_fake else "genuine"
        yield {"unit": row["unit"], "outcome": word, "second_outcome": word if is_fake else "", "cost_minor": "900"}


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def write_csv(path, rows):
    rows = list(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def turn(file):
    """Turns the orders of a table's rows upside down, and leaves the rest."""
    table = pq.read_table(file)
    turned = table["n_orders"].combine_chunks().take(list(range(len(table) - 1, -1, -1)))
    pq.write_table(table.set_column(table.schema.get_field_index("n_orders"), "n_orders", turned), file)


@pytest.fixture
def examined(buys, tiny, tmp_path) -> Path:
    record_outcomes(buys, write_csv(tmp_path / "outcomes.csv", outcome_rows(buys, tiny)), recorded_at=DAY)
    return buys


def test_planning_again_with_the_same_seed_gives_the_same_plan_to_the_byte(sealed, tiny, key, tmp_path):
    again = planned(tiny, key, tmp_path / "again")
    for name in ("plan.json", "plan.seal.json", "enforcement.csv", "secret.txt"):
        assert (again.folder / name).read_bytes() == (sealed / name).read_bytes()
    assert draw_test_buys(again.folder).equals(open_test_buys(sealed).drawn_units().combine_chunks())


def test_the_plan_counts_its_frame_and_says_what_it_left_out(sealed, tiny):
    plan = open_test_buys(sealed).plan
    assert plan.frame.n_units + sum(plan.frame.exclusions.values()) == 1_500
    assert plan.frame.exclusions["removed"] > 0
    assert plan.n_drawn + plan.n_genuine_controls + plan.n_fake_controls == 200
    assert plan.estimands == ("listings", "orders", "value")


def test_a_sealed_plan_is_never_replaced(sealed, tiny, key):
    with pytest.raises(CallerError, match="never replaced"):
        planned(tiny, key, sealed)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("plan.json", lambda b: b.replace(b'"looks": 1', b'"looks": 2'), "changed after it was sealed"),
        ("plan.seal.json", lambda b: b.replace(b"a", b"b", 1), "seal|canonical"),
        ("secret.txt", lambda b: b"8\n", "not the secret that the plan commits to"),
    ],
)
def test_the_draw_refuses_what_is_not_as_it_was_sealed(buys, name, change, words):
    file = buys / name
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(BrokenSeal, match=words):
        draw_test_buys(buys)


def test_the_draw_refuses_another_frame(buys):
    turn(buys / "frame" / "part-00000.parquet")
    with pytest.raises(BrokenSeal, match="not the one that was planned"):
        draw_test_buys(buys)


def test_choices_for_enforcement_are_explained_term_by_term(sealed):
    rows = rows_of(sealed / "enforcement.csv")
    assert len(rows) >= 40
    assert {row["stratum"] for row in rows} <= {"certain", "explore"}
    for row in rows:
        terms = sum(int(row[f"{name}_minor"]) for name in ("goods", "strike", "network"))
        assert abs(float(row["chance"]) * terms - int(row["cost_minor"]) - int(row["net_minor"])) <= 3
        assert int(row["net_minor"]) > 0
        assert 0 < float(row["propensity"]) <= 1


def test_what_is_private_is_readable_by_its_owner_only(sealed, key):
    for path in (key, sealed / "secret.txt", sealed / "purchases.csv", sealed / "units.parquet"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_examiner_sees_neither_pot_nor_listing(sealed):
    assert (sealed / "examiner.csv").read_text().splitlines()[0] == "unit,look"


def test_a_key_is_made_once_and_never_overwritten(tmp_path):
    path = tmp_path / "deep" / "key.pem"
    assert signing_key(path) == signing_key(path) == path.read_bytes()


def test_a_key_that_others_may_read_is_refused(tmp_path):
    signing_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o644)
    with pytest.raises(CallerError, match="chmod 600"):
        signing_key(tmp_path / "key.pem")


def test_the_key_is_found_by_setting_or_in_the_users_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "mine.pem"))
    assert key_path() == tmp_path / "mine.pem"
    monkeypatch.delenv("ASSAY_SIGNING_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert key_path() == tmp_path / "assay" / "signing-key.pem"


def test_recording_a_file_twice_changes_nothing(buys, tiny, tmp_path):
    file = write_csv(tmp_path / "outcomes.csv", outcome_rows(buys, tiny))
    first = record_outcomes(buys, file)
    before = (buys / "outcomes.jsonl").read_bytes()
    second = record_outcomes(buys, file)
    assert (first.n_new, second.n_new, second.n_unchanged) == (200, 0, 200)
    assert (buys / "outcomes.jsonl").read_bytes() == before
    assert first.head == second.head


def test_bad_rows_are_kept_beside_the_history_and_the_good_ones_recorded(buys, tiny, tmp_path):
    rows = list(outcome_rows(buys, tiny))
    rows[3]["unit"], rows[5]["outcome"] = "T000", "fake"
    found = record_outcomes(buys, write_csv(tmp_path / "outcomes.csv", rows))
    assert (found.n_rows, found.n_new, [fault.line for fault in found.faults]) == (200, 198, [5, 7])
    assert [row["line"] for row in rows_of(found.rejects)] == ["5", "7"]


def test_a_contradiction_needs_a_reason_and_both_stay_in_the_history(examined, tmp_path):
    unit = open_test_buys(examined).drawn_units()["unit"][0].as_py()
    other = {"genuine": "counterfeit", "counterfeit": "genuine"}[open_test_buys(examined).units()["outcome"][0].as_py()]
    file = write_csv(tmp_path / "fix.csv", [{"unit": unit, "outcome": other}])
    refused = record_outcomes(examined, file)
    assert refused.n_new == 0
    assert "--replace" in refused.faults[0].text()
    assert record_outcomes(examined, file, replace_reason="label was switched").n_new == 1
    entries = [entry for entry in open_test_buys(examined).entries() if entry.facts.unit == unit]
    assert [entry.reason for entry in entries] == [None, "label was switched"]
    assert open_test_buys(examined).units()["outcome"][0].as_py() == other


def test_a_history_that_was_changed_by_hand_is_refused(examined):
    file = examined / "outcomes.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"genuine"', b'"counterfeit"', 1))
    with pytest.raises(BrokenSeal, match="the history was changed"):
        estimate_prevalence(examined)


def test_status_counts_what_is_bought_outstanding_and_spent(buys, tiny, tmp_path):
    rows = list(outcome_rows(buys, tiny))[:150]
    record_outcomes(buys, write_csv(tmp_path / "some.csv", rows))
    found = test_buy_status(buys)
    assert sum(pot.n_drawn for pot in found.pots) == 200
    assert sum(pot.n_outstanding for pot in found.pots) == found.outcomes["outstanding"] == 50
    assert found.spent_minor == 150 * 900 < found.planned_minor
    assert found.look_ready == 0
    assert all(0 <= live.low <= live.high <= 1 for live in found.live)
    assert {live.estimand for live in found.live} == {"listings", "orders", "value"}


def test_nothing_is_recorded_or_shown_before_the_draw(tiny, key, tmp_path):
    planned(tiny, key, tmp_path / "plan")
    with pytest.raises(CallerError, match="Nothing was drawn"):
        test_buy_status(tmp_path / "plan")


def test_verdicts_go_back_to_the_market_in_its_own_columns(examined, tiny, tmp_path):
    n = test_buy_verdicts(examined, tmp_path / "verdicts.csv")
    rows = rows_of(tmp_path / "verdicts.csv")
    assert n == len(rows) == open_test_buys(examined).plan.n_drawn
    fake = truth(tiny)
    assert all((row["verdict"] == "counterfeit") == fake[row["subject_id"]] for row in rows)
    assert {row["source"] for row in rows} == {"test_buy"}
    assert all(0 < float(row["inclusion_probability"]) <= 1 for row in rows)


def test_earlier_buys_settle_merchants_and_count_as_strikes(examined, tiny, key, tmp_path):
    later = planned(tiny, key, tmp_path / "later", history=(examined,))
    first, second = (testbuys._past((folder,)) for folder in (examined, examined))
    assert first == second
    assert first.settled
    rows = rows_of(later.folder / "enforcement.csv")
    assert not {row["merchant_id"] for row in rows} & first.settled


def test_the_figures_are_published_and_verify(examined, key, tmp_path):
    study = estimate_prevalence(examined, publish_to=tmp_path / "public", key_file=key, published_at=DAY)
    estimate = study.estimate("listings")
    by_hand = sum(
        1 / row["inclusion_probability"]
        for row in study.units.to_pylist()
        if row["pot"] != "control" and row["outcome"] == "counterfeit"
    )
    assert estimate.share == pytest.approx(by_hand / study.plan.frame.n_units)
    assert 0 < estimate.low <= estimate.share <= estimate.high < 1
    assert study.outcomes[("control", "counterfeit")] == 10
    found = verify_prevalence(tmp_path / "public", key_fingerprint=study.key_fingerprint)
    assert found.holds, found.checks
    assert found.figures["estimates"][0]["share"] == estimate.share
    (tmp_path / "public" / "extra").mkdir()
    assert not verify_prevalence(tmp_path / "public").holds


def test_a_link_in_a_published_folder_is_noticed(examined, key, tmp_path):
    estimate_prevalence(examined, publish_to=tmp_path / "public", key_file=key)
    (tmp_path / "public" / "units.csv").rename(tmp_path / "elsewhere.csv")
    (tmp_path / "public" / "units.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert not verify_prevalence(tmp_path / "public").holds


def test_units_that_the_plan_did_not_draw_are_not_published(examined, key, tmp_path):
    turn(examined / "units.parquet")
    with pytest.raises(BrokenSeal, match="not those that its sealed plan draws"):
        estimate_prevalence(examined, publish_to=tmp_path / "public", key_file=key)


def test_two_periods_that_do_not_differ_give_no_claim(examined):
    found = compare_prevalence(examined, examined)
    assert (found.supported, found.change.trend, found.differences) == (False, Trend.NO_CLAIM, ())


def test_a_change_that_the_buys_cannot_show_is_refused_with_what_it_would_take(examined):
    small, large = (plan_claim(None, ratio, 2_000, rate=0.01) for ratio in (0.75, 0.1))
    assert (small.supported, large.supported) == (False, True)
    assert small.buys_needed > 2_000
    assert 0 < plan_claim(examined, 0.5, 200).rate < 0.3


@pytest.mark.parametrize("call", [open_test_buys, verify_prevalence, estimate_prevalence])
def test_another_folder_is_named_for_what_it_is_not(call, tmp_path):
    with pytest.raises(CallerError, match=str(tmp_path)):
        call(tmp_path)
