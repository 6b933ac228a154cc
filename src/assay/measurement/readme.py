"""The page that tells an outsider what lies in a published folder and how to check it."""

from __future__ import annotations

from assay.measurement.plans import Plan
from assay.measurement.studies import Figures

_TEXT = """\
HOW MUCH OF THIS MARKET IS COUNTERFEIT: FIGURES, AND HOW TO CHECK THEM

What was measured
{shares}
The figures speak for {n_units:,} listings that were live and could be bought on {as_of}, with {n_orders:,} orders in
the {period_days} days before. They do not speak for private listings, sales by message or live streams.
{exclusions}
{confidence}

What lies here
  figures.json        every published figure
  units.csv           every buy: its stratum, its inclusion probability, what it stands for, what was found
  strata.csv          the parts of the market that were sampled, with their sizes
  plan.json           the plan, sealed on {sealed_at}, before anything was drawn
  plan.seal.json      its hash and signature
  manifest.json       size and SHA-256 of every file; manifest.seal.json signs it

Check it with Assay, offline
  assay prevalence verify THIS_FOLDER --key {fingerprint}
It checks the signature and every hash, that the units are those of the sealed plan, and computes every figure again.
Take the key's fingerprint from somewhere else than this folder: whoever replaces all files can replace the key as well.
The same holds for the plan: who was given its SHA-256 before the buys began can see that it was not written afterwards.

Check it by hand
1. `sha256sum *` gives the hashes in manifest.json.
2. In units.csv take the rows with is_plain = true: {plain}
   They were drawn with equal chances from all of the frame but the stratum "certain", so the share needs no weights.
3. For the share of listings, take in each stratum of strata.csv the share of its buys with a result that are
   counterfeit (and not refuted by second_outcome), times n_units; add up, and divide by the listings of the frame.

What the columns of units.csv mean
  unit                    code of the buy; it leads to no listing
  pot                     measure, enforce (picked for expected harm) or control (truth known, not part of the market)
  inclusion_probability   the chance with which the plan drew it; empty for controls
  n_orders, revenue_minor its sales in the period, revenue in minor units of {currency} (cents, say)
  outcome                 counterfeit, genuine, or inconclusive, not_delivered, swapped, not_bought
  second_outcome          what a second examiner found who did not know the first result
  known                   for controls: what they are
  category ... safety_class   "other" where fewer than ten buys would share a value
"""


def readme(plan: Plan, figures: Figures, fingerprint: str) -> str:
    """The text of README.txt."""
    about, frame = plan.circumstances, plan.frame
    shares = [
        f"  {each.estimand}: {100 * each.share:.3f} % counterfeit ({100 * each.low:.3f} to {100 * each.high:.3f} %)"
        for each in figures.estimates
    ]
    left_out = ", ".join(f"{n:,} {reason}" for reason, n in frame.exclusions.items())
    plain = figures.plain
    return _TEXT.format(
        shares="\n".join(shares),
        n_units=frame.n_units,
        n_orders=frame.n_orders,
        as_of=about.as_of[:10],
        period_days=about.period_days,
        exclusions=f"Left out: {left_out}." if left_out else "No listing of the market was left out.",
        confidence=_confidence(figures),
        sealed_at=about.sealed_at,
        fingerprint=fingerprint,
        plain="none of them has a result." if plain is None else _plain(plain.n_positive, plain.n_buys),
        currency=frame.currency,
    )


def _plain(n_positive: int, n_buys: int) -> str:
    return f"{n_positive} of {n_buys} with a result are counterfeit."


def _confidence(figures: Figures) -> str:
    level = f"In brackets: {100 * figures.look_confidence:g} % intervals"
    if figures.n_looks == 1:
        return f"{level}."
    return (
        f"{level}: look {figures.look} of {figures.n_looks} that were planned beforehand, each of which takes its part "
        f"of the {100 * (1 - figures.confidence):g} % error of all together."
    )
