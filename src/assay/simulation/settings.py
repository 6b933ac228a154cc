"""Everything that shapes the synthetic marketplace, with the source of each figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

# "Published" below is the analysis of a real marketplace's 197,198 labelled listings (E-CUP 2025 counterfeit
# challenge, exploratory notes by its participants); "tuned" is set so that benchmarks/simulation meets its ranges.


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """The shape of the market. The defaults reproduce the published marginals; change one to ask what if.

    Rates are shares from 0 to 1, times are days. `as_of` is the instant the market is looked at: nothing is later.
    """

    as_of: datetime = datetime(2026, 6, 30, tzinfo=UTC)

    # Truth.
    counterfeit_rate: float = 0.066  # published: 6.6 % of listings
    merchants_none_rate: float = 0.72  # published: 72 % of sellers have none
    merchants_all_rate: float = 0.13  # published: 13 % have nothing else; the remaining 15 % mix
    listings_per_merchant: float = 24.0  # tuned: leaves about three counterfeits for each small counterfeit seller
    head_rate: float = 0.5  # published: half of the counterfeits at the head
    listings_per_head_merchant: float = 4_000.0  # published: 50 head sellers on about 200,000 listings

    # Labels: a verdict means "caught".
    caught_rate: float = 0.885  # published practice: about a tenth of the surest cases is never caught
    caught_quiet_rate: float = 0.80  # tuned: goods that show little are caught less often
    cleared_rate: float = 0.004  # honest listings with a "genuine" verdict from a review or an appeal
    test_buy_rate: float = 0.004  # random test buys; luxury and safety categories are drawn three times as often
    test_buy_sensitivity: float = 0.98  # authenticator: share of counterfeits recognised
    test_buy_specificity: float = 0.995  # authenticator: share of genuine goods recognised

    # Appearance: how fake-like a listing looks on its plain columns, 0 to 1 (Beta distributions, all tuned). The plain
    # columns depend on the truth through this number only, which is what makes the market hard.
    fake_look: tuple[float, float] = (5.5, 1.8)
    quiet_rate: float = 0.045  # counterfeits that look as ordinary as honest goods
    honest_look: tuple[float, float] = (0.48, 4.6)
    merchant_look_share: float = 0.2  # how far a listing looks like the rest of its shop
    alike_beside_rate: float = (
        0.12  # genuine goods of counterfeit sellers that are offered just like their counterfeits
    )
    lookalike_rate: float = 0.028  # honest shops that look like counterfeit sellers for innocent reasons

    # Ages, in days.
    fake_age_median: float = 9.0  # published
    honest_age_median: float = 146.0  # published (listings that are not counterfeit)
    fake_seller_age_median: float = 318.0  # published
    honest_seller_age_median: float = 665.0  # of shops without counterfeits; published: 630 over honest listings

    # Plain columns.
    brand_empty_rate: float = 0.366  # of listings that do not look fake at all; published: 40.8 % of all rows
    brand_empty_rise: float = 0.345  # with look; published: 9.8 % fake when empty, 4.5 % when filled
    fake_dearer: float = 833.0 / 733.0  # published: median price of counterfeits over the median of all listings
    fake_dearer_share: float = 0.1  # tuned: part of that gap made by the asking price; the goods chosen make the rest

    # Volume.
    orders_per_listing: float = 3.5
    reviews_per_listing: float = 0.7
    reviewed_rate: float = 0.24  # published: reviews are missing on 76 % of listings
    accounts_per_listing: float = 1.0

    # Posts. Campaigns and crowds come on top.
    posts_per_listing: float = 0.75
    most_posts: int = 50_000  # posts serve the search for attacks, whose speed is measured on corpora made apart

    # Networks.
    ringed_rate: float = 0.6  # tuned: counterfeit sellers that share identifiers with others
    ring_size: float = 4.0  # mean
    rings_per_producer: float = 3.0
    shared_ip_honest_rate: float = 0.03  # co-working spaces, agencies, families
    supplier_feed_rate: float = 0.25  # honest shops that copy a wholesaler's texts and pictures

    # Cost: listings generated at a time. Part of the seed's meaning: another value gives another market.
    chunk_listings: int = 200_000
