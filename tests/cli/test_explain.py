"""`assay explain` as people read it: golden text, 100 columns, nothing of a stranger's that acts."""

import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from assay import pipeline
from assay.cli import analysis, console, models
from assay.cli.main import main
from assay.pipeline import Explanation, Run
from assay.rating import Model, Term, TermTable, explain_row
from assay.signals.signal import Discrepancy

GOLDEN = Path(__file__).parent.parent / "golden" / "explain.txt"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    written = Console(file=text, highlight=False, soft_wrap=True, width=100)
    for module in (console, analysis, models):
        monkeypatch.setattr(module, "out", written)
    return text


def an_explanation(name: str = "Norvane runner 42") -> Explanation:
    values = {"wording-replica": (1.0, 540), "price-gap": (-1.49, 110), "listing-age": (400.0, -60)}
    small = {"spec-gtin-invalid": (None, 4), "merchant-feedback": (0.97, -3), "listing-edits": (0.0, 2)}
    every = values | small
    terms = [TermTable(Term(s, s.replace("-", "_")), (1e9,), (p, p), p) for s, (_, p) in every.items()]
    row = {s.replace("-", "_"): value for s, (value, _) in every.items()}
    said = "The title says “replica”; such words stand for goods that copy others."
    price = (
        "Price 29.00 EUR against a usual 129.00 EUR for Norvane in Shoes (median of what 12 other merchants were paid)."
    )
    return Explanation(
        subject_type="listing",
        subject_id="L1",
        merchant_id="M7",
        label="expert scorecard, not calibrated",
        waterfall=explain_row(Model("listing", -389, tuple(terms)), row),
        discrepancies=(
            Discrepancy("listing", "L1", "wording-replica", 1.0, said),
            Discrepancy("listing", "L1", "price-gap", -1.49, price),
        ),
        merchant_discrepancies=(Discrepancy("merchant", "M7", "merchant-age", 3.0, "Registered 3 days ago."),),
        not_checked=("spec-gtin-invalid",),
        not_computed={"orders-refund-rate": "needs orders.refunded_at"},
        numbers={},
        name=name,
    )


def shown(found: Explanation, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch, *flags: str) -> str:
    monkeypatch.setattr(pipeline, "explain", lambda run, subject: found)
    assert main(["explain", "run", "L1", *flags]) == 0
    return "".join(line.rstrip() + "\n" for line in printed.getvalue().splitlines())


def test_an_explanation_reads_as_reviewed(printed: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(an_explanation(), printed, monkeypatch) == GOLDEN.read_text(encoding="utf-8")


def test_all_shows_small_steps_one_by_one(printed: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(an_explanation(), printed, monkeypatch, "--all")
    assert "positive feedback" in text
    assert "other steps, together" not in text


def test_a_name_cannot_command_the_terminal(printed: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(an_explanation("[bold]\x1b]0;owned\x07 \u202eeman\\"), printed, monkeypatch)
    assert "“[bold]⟦U+001B⟧]0;owned⟦U+0007⟧ ⟦U+202E⟧eman\\”" in text
    assert "\x1b" not in text


def test_a_real_explanation_fits_in_100_columns(run: Run, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("listing", "merchant"):
        assert main(["explain", str(tiny / "run"), pipeline.top_ids(run, kind, 1)[0]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100


def test_json_gives_every_step_and_they_add_up(run: Run, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subject = pipeline.top_ids(run, "listing", 1)[0]
    assert main(["explain", str(tiny / "run"), subject, "--json"]) == 0
    found = orjson.loads(capsys.readouterr().out)
    fall = found["waterfall"]
    assert fall["base_points"] + sum(step["points"] for step in fall["steps"]) == fall["score_points"]
    assert found["subject_id"] == subject
    assert {"discrepancies", "merchant_discrepancies", "not_checked", "not_computed", "name"} <= found.keys()


def test_figures_of_four_splits_fit_in_100_columns(printed: io.StringIO) -> None:
    estimate = {"value": 0.8125, "low": 0.79, "high": 0.83}
    split = {
        "n_rows": 1_000_000,
        "n_counterfeit": 60_000,
        "roc_auc": estimate,
        "calibration_error_equal_mass": estimate,
    }
    part = {name: split for name in ("out_of_fold", "sampled", "forward", "random_split")}
    models.say_figures({kind: {**part, "comparisons": [], "not_measured": {}} for kind in ("listing", "merchant")})
    lines = [line.rstrip() for line in printed.getvalue().splitlines()]
    assert max(map(len, lines)) <= 100
    assert [line.split() for line in lines if line.startswith("ROC-AUC")] == [["ROC-AUC", *["0.812"] * 4]] * 2
