"""What is known about each row of a signal table: its verdict, and the verdict of a sampling plan where one drew it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from assay.engine import Engine, ops
from assay.rating.model import Kind

CONCLUSIVE = ("counterfeit", "genuine")
# Sources that say whether anybody held the goods. A person who looked at the offer saw the score as well, and an appeal
# is settled on papers: both count where nothing else does, and neither says what share of a market is counterfeit.
EXAMINED = ("test_buy", "authentication")
JUDGED = ("review", "platform_review", "appeal")


def attach_labels(signals: ir.Table, verdicts: ir.Table | None, kind: Kind = "listing") -> ir.Table:
    """The signal table with four columns more: `verdict`, `decided_at`, `sampled_verdict`, `inclusion_probability`.

    `verdict` is the latest conclusive one (counterfeit or genuine; ties go to the first source by name, then to
    "counterfeit"), whoever gave it, but that an examination (`EXAMINED`) is not undone by a look at the offer
    (`JUDGED`); `sampled_verdict` the latest conclusive one that a sampling plan drew, with its `inclusion_probability`,
    never one of `JUDGED`: the score is the chance that an authentication finds a counterfeit, so nothing else sets its
    level. All four are null where there is none, and in every row when `verdicts` is None.
    """
    key = f"{kind}_id"
    if verdicts is None:
        nothing = ibis.null("string")
        return signals.mutate(
            verdict=nothing,
            decided_at=ibis.null("timestamp('UTC')"),
            sampled_verdict=nothing,
            inclusion_probability=ibis.null("float64"),
        )
    own = verdicts.filter((verdicts.subject_type == kind) & verdicts.verdict.isin(CONCLUSIVE))
    any_source = _latest(standing_verdicts(own), key).select(key, "verdict", "decided_at")
    drawn = _latest(own.filter((own.inclusion_probability > 0) & ~own.source.isin(JUDGED)), key)
    drawn = drawn.select(key, sampled_verdict=drawn.verdict, inclusion_probability=drawn.inclusion_probability)
    labelled = _join(_join(signals, any_source, key), drawn, key)
    return labelled


def standing_verdicts(verdicts: ir.Table) -> ir.Table:
    """The verdicts of one kind of subject without those of people who only looked, where the goods were examined."""
    examined = verdicts.source.isin(EXAMINED).ifelse(1, 0)
    marked = verdicts.mutate(n_examined=examined.sum().over(ibis.window(group_by="subject_id")))
    return marked.filter((marked.n_examined == 0) | ~marked.source.isin(JUDGED)).drop("n_examined")


def sample_rows(engine: Engine, labelled: ir.Table, at_most: int, *, seed: int = 1, kind: Kind = "listing") -> ir.Table:
    """Every row with a verdict and a fixed share of the others, with `row_weight`, about `at_most` rows in all.

    A row stays or goes by the md5 of its id, so the sample is the same on every engine. `row_weight` is 1 for rows with
    a verdict and 1 / share for the others: weighted counts stay what they were.
    """
    n_known, n_all = _counts(engine, labelled)
    n_others = n_all - n_known
    share = 1.0 if n_others <= 0 else min(1.0, max(at_most - n_known, 1) / n_others)
    known = labelled.verdict.notnull()
    weighted = labelled.mutate(row_weight=known.ifelse(1.0, 1.0 / share))
    if share >= 1.0:
        return weighted
    return weighted.filter(known | (ops.md5_fraction(weighted[f"{kind}_id"], seed) < share))


def _counts(engine: Engine, labelled: ir.Table) -> tuple[int, int]:
    counted = engine.collect(labelled.aggregate(known=labelled.verdict.count(), every=labelled.count()))
    return int(counted["known"][0].as_py()), int(counted["every"][0].as_py())


def _latest(verdicts: ir.Table, key: str) -> ir.Table:
    newest_first = ibis.window(
        group_by="subject_id", order_by=[ibis.desc("decided_at"), ibis.asc("source"), ibis.asc("verdict")]
    )
    ranked = verdicts.mutate(place=ibis.row_number().over(newest_first))
    return ranked.filter(ranked.place == 0).rename({key: "subject_id"})


def _join(left: ir.Table, right: ir.Table, key: str) -> ir.Table:
    return left.left_join(right, key).drop(f"{key}_right")
