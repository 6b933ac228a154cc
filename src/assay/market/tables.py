"""The tables of a market. Only `merchants` and `listings` are required; every other table adds signals.

The reference page `docs/reference/market.md` is generated from this file.
"""

from __future__ import annotations

from assay.market.columns import Column, Kind, Table

K = Kind

_VERDICTS = ("counterfeit", "genuine", "inconclusive")
_STATUSES = ("active", "suspended", "closed")
_SAFETY = ("none", "elevated", "high")


def _id(name: str, meaning: str, *, required: bool = False, example: str = "") -> Column:
    return Column(name, K.IDENTIFIER, meaning, required=required, example=example)


def _time(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, K.TIME, meaning, unit="UTC", required=required, example="2026-03-01T08:00:00Z")


def _money(name: str, meaning: str) -> Column:
    return Column(name, K.MONEY, meaning, unit="minor units", least=0, example="154900")


def _count(name: str, meaning: str, unit: str = "count") -> Column:
    return Column(name, K.INTEGER, meaning, unit=unit, least=0, example="12")


BRANDS = Table(
    "brands",
    "brand",
    ("brand_id",),
    (
        _id("brand_id", "Identifier of the brand", required=True, example="B001"),
        Column("name", K.TEXT, "Name as the rights holder writes it", required=True, example="Norvane"),
        Column("aliases", K.LIST, "Other spellings buyers and sellers use: nicknames, pinyin, translations"),
        Column("rights_holder", K.TEXT, "Owner of the mark"),
        Column("categories", K.LIST, "Categories in which the brand really sells"),
        Column("authorised_merchants", K.LIST, "merchant_id of every merchant with authorisation on file"),
        Column("safety_class", K.TEXT, "Harm a counterfeit can do", allowed=_SAFETY, example="none"),
        Column("is_luxury", K.BOOLEAN, "Sold on scarcity and name rather than on function", example="true"),
        Column("gtin_prefixes", K.LIST, "GS1 company prefixes of the brand, 6 to 12 digits"),
    ),
)

PRODUCTS = Table(
    "products",
    "genuine product",
    ("product_id",),
    (
        _id("product_id", "Identifier of the product", required=True),
        _id("brand_id", "Brand that makes it", required=True),
        Column("gtin", K.GTIN, "Trade item number", example="04006381333931"),
        Column("model", K.TEXT, "Model name or number", example="TR-200"),
        Column("category", K.TEXT, "Category path", example="Footwear > Sneakers"),
        _money("list_price", "Recommended price"),
        Column("currency", K.CURRENCY, "Currency of list_price", example="EUR"),
        Column("attributes", K.ATTRIBUTES, "Specification: allowed values joined by |", example='{"size":"39|40|41"}'),
        Column("weight_g", K.NUMBER, "Weight with packaging", unit="g", least=0, example="820"),
        Column("origin", K.COUNTRY, "Country it ships from when genuine", example="IT"),
    ),
    refers_to=(("brand_id", "brands"),),
)

MERCHANTS = Table(
    "merchants",
    "merchant account",
    ("merchant_id",),
    (
        _id("merchant_id", "Identifier of the account", required=True, example="M000123"),
        Column("name", K.TEXT, "Name shown to buyers"),
        _time("registered_at", "When the account was opened"),
        Column("country", K.COUNTRY, "Country stated at registration", example="FR"),
        Column("address", K.ADDRESS, "Postal address"),
        Column("phone", K.PHONE, "Telephone", example="+33142685300"),
        Column("email", K.EMAIL, "E-mail"),
        _id("payout_account", "Account that receives the money"),
        _id("device_id", "Device that manages the shop"),
        _id("ip", "Address the shop is managed from"),
        _id("licence_no", "Business licence number"),
        Column("status", K.TEXT, "State of the account", allowed=_STATUSES, example="active"),
        Column("feedback_rate", K.RATE, "Share of positive feedback", example="0.994"),
        _count("n_feedback", "Feedback received"),
    ),
    required=True,
)

LISTINGS = Table(
    "listings",
    "offer",
    ("listing_id",),
    (
        _id("listing_id", "Identifier of the offer", required=True, example="L00000123"),
        _id("merchant_id", "Merchant that offers it", required=True),
        Column("title", K.TEXT, "Title as shown"),
        Column("description", K.TEXT, "Description as shown"),
        Column("brand", K.TEXT, "Brand field as the merchant filled it; null when empty"),
        Column("category", K.TEXT, "Category path"),
        _money("price", "Price of one unit"),
        Column("currency", K.CURRENCY, "Currency of price", example="EUR"),
        _count("quantity", "Units on offer"),
        Column("gtin", K.GTIN, "Trade item number stated"),
        Column("model", K.TEXT, "Model stated"),
        Column("condition", K.TEXT, "Condition stated", example="new"),
        Column("attributes", K.ATTRIBUTES, "Specification stated"),
        Column("ships_from", K.COUNTRY, "Country it is said to ship from"),
        Column("language", K.TEXT, "Language of the title, ISO 639-1", example="en"),
        Column("url", K.URL, "Address of the page"),
        _time("listed_at", "When it went live"),
        _time("removed_at", "When it was taken down; null while live"),
        Column("removal_reason", K.TEXT, "Why it was taken down"),
        _count("n_edits", "Large edits of title, brand or pictures after approval"),
    ),
    refers_to=(("merchant_id", "merchants"),),
    required=True,
)

IMAGES = Table(
    "images",
    "picture of a listing",
    ("image_id",),
    (
        _id("image_id", "Identifier of the picture", required=True),
        _id("listing_id", "Listing it belongs to", required=True),
        _count("position", "Place in the gallery, 0 first", unit="index"),
        Column("uri", K.URL, "Where the file is"),
        _id("sha256", "Hash of the file"),
        _id("pdq", "PDQ perceptual hash, 64 hexadecimal digits"),
        Column("ocr_text", K.TEXT, "Text read in the picture"),
    ),
    refers_to=(("listing_id", "listings"),),
)

ORDERS = Table(
    "orders",
    "order line",
    ("order_id",),
    (
        _id("order_id", "Identifier of the order line", required=True),
        _id("listing_id", "Listing bought", required=True),
        _id("merchant_id", "Merchant that sold it"),
        _id("buyer_id", "Account that bought it"),
        _count("quantity", "Units"),
        _money("amount", "Paid for the line"),
        Column("currency", K.CURRENCY, "Currency of amount", example="EUR"),
        _time("ordered_at", "When it was ordered"),
        _time("paid_at", "When it was paid"),
        _time("shipped_at", "When it left"),
        _time("delivered_at", "When it arrived"),
        Column("carrier", K.TEXT, "Carrier"),
        _id("tracking_no", "Tracking number"),
        Column("parcel_weight_g", K.NUMBER, "Weight of the parcel", unit="g", least=0),
        Column("ships_from", K.COUNTRY, "Country the parcel was scanned in first"),
        _time("refunded_at", "When it was refunded; null when it was not"),
        Column("refund_reason", K.TEXT, "Reason given for the refund"),
    ),
    refers_to=(("listing_id", "listings"),),
)

REVIEWS = Table(
    "reviews",
    "review",
    ("review_id",),
    (
        _id("review_id", "Identifier of the review", required=True),
        _id("listing_id", "Listing reviewed", required=True),
        _id("merchant_id", "Merchant of the listing"),
        _id("order_id", "Order it follows"),
        _id("buyer_id", "Account that wrote it"),
        Column("rating", K.NUMBER, "Stars", unit="stars", least=0, most=5, example="4"),
        Column("text", K.TEXT, "Text"),
        _count("n_images", "Pictures attached"),
        _time("written_at", "When it was written"),
    ),
    refers_to=(("listing_id", "listings"),),
)

ACCOUNTS = Table(
    "accounts",
    "buyer or poster",
    ("account_id",),
    (
        _id("account_id", "Identifier of the account", required=True),
        _time("registered_at", "When it was opened"),
        _id("device_id", "Device it is used from"),
        _id("ip", "Address it is used from"),
    ),
)

POSTS = Table(
    "posts",
    "public post or article",
    ("post_id",),
    (
        _id("post_id", "Identifier of the post", required=True),
        _id("account_id", "Account that posted it", required=True),
        _time("posted_at", "When it was posted", required=True),
        Column("text", K.TEXT, "Text"),
        Column("url", K.URL, "Address"),
        _id("reply_to", "Post it answers"),
        _id("target", "Who or what it is about"),
        _count("reach", "People it was shown to", unit="people"),
    ),
)

EVENTS = Table(
    "events",
    "calendar event",
    ("event_id",),
    (
        _id("event_id", "Identifier of the event", required=True),
        Column("name", K.TEXT, "Name", required=True),
        _time("starts_at", "First instant", required=True),
        _time("ends_at", "Last instant", required=True),
    ),
)


def _stats(subject: str) -> tuple[Column, ...]:
    return (
        _id(f"{subject}_id", f"The {subject} counted", required=True),
        _time("window_start", "First instant counted"),
        _time("window_end", "First instant no longer counted", required=True),
        _count("n_sales", "Units sold"),
        _count("n_returns", "Units returned"),
        _count("n_returned_as_fake", "Units returned with a claim of counterfeit"),
        _money("revenue", "Paid by buyers"),
        Column("currency", K.CURRENCY, "Currency of revenue", example="EUR"),
        _count("n_views", "Page views"),
    )


LISTING_STATS = Table(
    "listing_stats",
    "listing and window",
    ("listing_id", "window_end"),
    _stats("listing"),
    refers_to=(("listing_id", "listings"),),
)

MERCHANT_STATS = Table(
    "merchant_stats",
    "merchant and window",
    ("merchant_id", "window_end"),
    _stats("merchant"),
    refers_to=(("merchant_id", "merchants"),),
)

VERDICTS = Table(
    "verdicts",
    "authentication outcome",
    ("subject_type", "subject_id", "source", "decided_at"),
    (
        Column("subject_type", K.TEXT, "What was judged", required=True, allowed=("listing", "merchant")),
        _id("subject_id", "listing_id or merchant_id", required=True),
        Column("verdict", K.TEXT, "Outcome", required=True, allowed=_VERDICTS),
        Column("source", K.TEXT, "Who found it and how", required=True, example="test_buy"),
        _time("decided_at", "When it was decided", required=True),
        Column(
            "inclusion_probability",
            K.RATE,
            "Chance with which a sampling plan drew the subject; null when it was not drawn by a plan",
            example="0.004",
        ),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        BRANDS,
        PRODUCTS,
        MERCHANTS,
        LISTINGS,
        IMAGES,
        ORDERS,
        REVIEWS,
        ACCOUNTS,
        POSTS,
        EVENTS,
        LISTING_STATS,
        MERCHANT_STATS,
        VERDICTS,
    )
}


def split_name(dotted: str) -> tuple[str, str]:
    """`orders.refund_reason` -> (`orders`, `refund_reason`); KeyError when the market has no such column."""
    table_name, _, column_name = dotted.partition(".")
    TABLES[table_name].column(column_name)
    return table_name, column_name
