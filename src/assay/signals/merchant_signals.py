"""What every signal about a merchant's account and range means, and how it is said."""

from __future__ import annotations

from assay.signals.rates import percent
from assay.signals.signal import Direction, Row, Signal, counted

# Columns of `merchants` through which two accounts can be one hand, and how they are called in a sentence.
IDENTIFIERS = {
    "payout_account": "payout account",
    "phone": "telephone",
    "email": "e-mail",
    "device_id": "device",
    "ip": "network address",
    "licence_no": "licence",
    "address": "address",
}

# An account opened within the month that already trades: the usual life of a replacement account.
_YOUNG_DAYS = 30.0
# Half the range put up on one day is a shop set up by machine, or moved from elsewhere.
_BURST = 0.5
# Alibaba blocks several luxury names in one title; five luxury brands in one shop are a department store or a copier.
_MANY_LUXURY_BRANDS = 5.0
_MOSTLY = 0.8
# One other account with the same identifier is often chance: a recycled number, a shared office, a family.
_SIBLINGS = 2.0


def _age_sentence(row: Row) -> str:
    opened, n = f"Account opened {counted(row['merchant_age'], 'day')} before the rating", row["merchant_age__n_live"]
    return f"{opened}; it has {counted(n, 'listing')} on offer." if n else f"{opened}; it has nothing on offer."


def _burst_sentence(row: Row) -> str:
    n, whole = row["merchant_burst__n_busiest"], row["merchant_burst__n_dated"]
    return f"{n:,} of its {counted(whole, 'listing')} {'was' if n == 1 else 'were'} put up on one day."


def _luxury_sentence(row: Row) -> str:
    n, whole = row["merchant_luxury_breadth"], row["merchant_luxury_breadth__n_listings"]
    return f"Offers {counted(n, 'luxury brand')} in {counted(whole, 'listing')}."


def _unauthorised_sentence(row: Row) -> str:
    part, whole = (row[f"merchant_unauthorised_share__{name}"] for name in ("n_unauthorised", "n_with_list"))
    if whole == 1:
        missing = "lacks" if part else "has"
        return (
            f"Its one listing of a brand with a list of authorised merchants {missing} an authorisation on that list."
        )
    lack = "lacks" if part == 1 else "lack"
    return (
        f"{part:,} of its {whole:,} listings of brands with a list of authorised merchants {lack} an authorisation on "
        "that list."
    )


def _feedback_sentence(row: Row) -> str:
    n = row["merchant_feedback__n"]
    of = "an unknown number" if n is None else f"{n:,}"
    rate, usual = percent(row["merchant_feedback__rate"]), percent(row["merchant_feedback__usual"])
    return f"{rate} positive feedback of {of}; in the whole market it is {usual}."


def _siblings_sentence(row: Row) -> str:
    kinds = [
        f"{name} with {row[column]:,}"
        for kind, name in IDENTIFIERS.items()
        if row.get(column := f"merchant_shared_identifier__{kind}")
    ]
    n = int(row["merchant_shared_identifier"])
    accounts = "another account" if n == 1 else f"{n:,} other accounts"
    through = f" ({', '.join(kinds)})" if kinds else ""
    return (
        f"Registered as one account; shares an identifier with {accounts}{through}." if n else "Shares no identifier."
    )


def _closed_sentence(row: Row) -> str:
    n, siblings = int(row["merchant_closed_siblings"]), row["merchant_closed_siblings__n_siblings"]
    if siblings == 1:
        return f"The one account it shares an identifier with is {'' if n else 'not '}closed or suspended."
    are = "is" if n == 1 else "are"
    return f"{n:,} of the {siblings:,} accounts it shares an identifier with {are} closed or suspended."


def _licence_sentence(row: Row) -> str:
    missing = row["merchant_licence_missing"]
    return "Trades as a merchant; no business licence is on file." if missing else "A business licence is on file."


def _signal(id: str, unit: str, direction: Direction, needs: tuple[str, ...], **rest: object) -> Signal:
    return Signal(id, "merchant", unit, direction, needs, **rest)  # type: ignore[arg-type]


_MORE, _LESS, _TWO_SIDED = Direction.MORE, Direction.LESS, Direction.TWO_SIDED

SIGNALS: tuple[Signal, ...] = (
    _signal(
        "merchant-age",
        "days",
        _LESS,
        ("merchants.registered_at",),
        sentence=_age_sentence,
        rationale="Accounts that sell counterfeits are closed and replaced, so that most of them are young.",
        source="Ozon's labels: median account age 318 days for counterfeits against 630; Wadleigh et al., WWW 2015",
        example="opened 12 days before the rating: 12",
        fires_below=_YOUNG_DAYS,
    ),
    _signal(
        "merchant-size",
        "listings",
        _TWO_SIDED,
        ("listings.listing_id",),
        sentence=lambda row: f"Has {counted(row['merchant_size'], 'listing')} on offer.",
        rationale="What the shares of the range rest on; small and large merchants are judged by different evidence.",
        source="Ozon E-CUP 2025, published analysis (variety of the range)",
        example="480 goods live at the rating: 480",
    ),
    _signal(
        "merchant-burst",
        "share",
        _MORE,
        ("listings.listed_at",),
        sentence=_burst_sentence,
        rationale=(
            "A range that appears at once was copied from somewhere. Listings of the busiest day (UTC) over all "
            "dated ones; not checked below 10 listings."
        ),
        source="Ozon E-CUP 2025 and Wadleigh et al., WWW 2015 (age and bursts)",
        example="90 of 100 listings put up on one day: 0.9",
        fires_above=_BURST,
    ),
    _signal(
        "merchant-burst-size",
        "listings",
        _TWO_SIDED,
        ("listings.listed_at",),
        sentence=lambda row: f"Put up {counted(row['merchant_burst_size'], 'listing')} on its busiest day.",
        rationale="The same burst as a number: a hundred a day is work for a program, in shops of any size.",
        source="as merchant-burst",
        example="90 listings on the busiest day: 90",
    ),
    _signal(
        "merchant-luxury-breadth",
        "brands",
        _TWO_SIDED,
        ("listings.brand", "brands.is_luxury"),
        sentence=_luxury_sentence,
        rationale=(
            "Luxury brands choose who sells them; one merchant with many of them is a department store or none of them."
        ),
        source="Alibaba (China Daily, 29 September 2017): blocks on several luxury names at once",
        example="goods of 7 luxury brands: 7",
        fires_above=_MANY_LUXURY_BRANDS,
    ),
    _signal(
        "merchant-brand-breadth",
        "brands",
        _TWO_SIDED,
        ("listings.brand",),
        sentence=lambda row: f"Offers goods of {counted(row['merchant_brand_breadth'], 'brand')}.",
        rationale="Specialists and department stores differ from shops that offer whatever is in demand.",
        source="Ozon E-CUP 2025, published analysis (variety of the range)",
        example="goods of 12 brands: 12",
    ),
    _signal(
        "merchant-unauthorised-share",
        "share",
        _MORE,
        ("listings.brand", "brands.authorised_merchants"),
        sentence=_unauthorised_sentence,
        rationale=(
            "Of the goods whose brand keeps a list of authorised merchants, the share whose brand does not list "
            "this one. Resale of genuine goods needs no authorisation, so this only adds weight."
        ),
        source="TikTok Shop and Alibaba ask for letters of authorisation",
        example="8 of 10 such listings without authorisation: 0.8",
    ),
    _signal(
        "merchant-feedback",
        "share",
        _TWO_SIDED,
        ("merchants.feedback_rate",),
        sentence=_feedback_sentence,
        rationale=(
            "Share of positive feedback, shrunken towards the market with the weight of 20; an unknown number "
            "counts as 20. Good feedback can be bought, so it clears nobody."
        ),
        source="Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4 (Beta prior)",
        example="70 % of 30 in a market of 98 %: (21 + 19.6) / 50 = 0.81",
        fires_below=_MOSTLY,
    ),
    _signal(
        "merchant-shared-identifier",
        "accounts",
        _MORE,
        (),
        sentence=_siblings_sentence,
        rationale=(
            "Accounts with one payout account, telephone, e-mail, device, network address, licence or postal "
            "address may be one hand. Number of other accounts; an identifier of more than 50 accounts is a hub and "
            "links nobody. Not checked for an account without any identifier."
        ),
        source="Alibaba's joined account and identity records; arXiv 2512.19061 (hard and soft links, hubs)",
        example="two accounts with its telephone and one of them with its payout account too: 2",
        fires_above=_SIBLINGS,
    ),
    _signal(
        "merchant-closed-siblings",
        "accounts",
        _MORE,
        ("merchants.status",),
        sentence=_closed_sentence,
        rationale=(
            "Those who are banned come back under a new name and keep their telephone. Other accounts, never its "
            "own state."
        ),
        source="as merchant-shared-identifier; Red Points and Alibaba on returning sellers",
        example="one of the two accounts with its telephone is suspended: 1",
        fires_above=1.0,
    ),
    _signal(
        "merchant-licence-missing",
        "yes or no",
        _MORE,
        ("merchants.licence_no",),
        sentence=_licence_sentence,
        rationale=(
            "Businesses have a licence number and can state it; where the marketplace asks for it, a gap says "
            "something."
        ),
        source="EU Digital Services Act, article 30 (traceability of traders)",
        example="no licence number where other merchants have one: 1",
    ),
)
