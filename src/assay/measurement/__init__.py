"""How much is really there: sampling plans, prevalence, authenticator error, trends, damages. Numbers only.

`prevalence` estimates the counterfeit share of listings, orders or value from test buys drawn by a sealed plan, with
an interval that holds for rare events; `domains` does it by category, brand and so on; `change` compares two periods;
`claim` says in advance what a budget can show.
"""

from assay.measurement.authentication import Authentication, Corrected
from assay.measurement.domains import DomainEstimate, domains
from assay.measurement.estimation import Case, Estimand, Estimate, prevalence
from assay.measurement.trends import Change, Claim, Trend, buys_needed, change, claim, live_interval, looks, power

__all__ = [
    "Authentication",
    "Case",
    "Change",
    "Claim",
    "Corrected",
    "DomainEstimate",
    "Estimand",
    "Estimate",
    "Trend",
    "buys_needed",
    "change",
    "claim",
    "domains",
    "live_interval",
    "looks",
    "power",
    "prevalence",
]
