"""Which listings share their words: identical titles, and near-identical descriptions."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from assay.engine import Market, Workspace
from assay.likeness import fold, near_copies, text_key
from assay.signals.outcome import once

_KEY_SCHEMA = pa.schema(
    [
        ("listing_id", pa.string()),
        ("merchant_id", pa.string()),
        ("listed_s", pa.int64()),
        ("title_key", pa.int64()),
        ("text_key", pa.int64()),
        ("is_described", pa.bool_()),
    ]
)


def copies(market: Market, work: Workspace) -> ir.Table:
    """Every listing with the keys of its words, made once per run.

    Columns: listing_id, merchant_id, listed_s (epoch seconds, null when unknown), title_key (equal = titles equal after
    folding), text_key (the same of the description, or of the title where there is none), is_described, star (the
    near-identical group of the text; its own key when it is in none), star_similarity (to the group's centre). Keys
    are null where there is no text.
    """
    return once(work, "copies", lambda: _copies(market, work))


def copy_texts(market: Market, work: Workspace) -> ir.Table:
    """One row per distinct text: text_key, seen_at (epoch seconds of its first listing), text."""
    return once(work, "copies_texts", lambda: _texts(market, copy_keys(market, work)))


def copy_keys(market: Market, work: Workspace) -> ir.Table:
    """Every listing with the keys of its own title and text."""
    if "copies_keys" in work.seconds:
        return work.engine.read(work.folder / "copies_keys")
    listings = market.table("listings")
    listed = listings.listed_at.epoch_seconds().cast("int64")
    rows = listings.select("listing_id", "merchant_id", "title", "description", listed_s=listed)
    return work.map_step("copies_keys", rows, keyed, _KEY_SCHEMA)


def keyed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Puts keys for the words of a batch of listings."""
    title = text_key(fold(batch.column("title")))
    description = text_key(fold(batch.column("description")))
    columns = [
        batch.column("listing_id"),
        batch.column("merchant_id"),
        batch.column("listed_s"),
        title,
        pc.coalesce(description, title),
        pc.is_valid(description),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_KEY_SCHEMA)


def _texts(market: Market, keys: ir.Table) -> ir.Table:
    keys = keys.filter(keys.text_key.notnull())
    distinct = keys.group_by("text_key").agg(seen_at=keys.listed_s.min(), listing_id=keys.listing_id.min())
    words = market.table("listings").select("listing_id", "title", "description")
    # The described and the undescribed may share a text: then the smallest id may have it as its title.
    own = keys.select("listing_id", own_described="is_described")
    found = distinct.inner_join(words, "listing_id").inner_join(own, "listing_id")
    return found.select("text_key", "seen_at", text=found.own_described.ifelse(found.description, found.title))


def _copies(market: Market, work: Workspace) -> ir.Table:
    keys = copy_keys(market, work)
    stars = near_copies(copy_texts(market, work), work, "copies")
    stars = stars.select(star_key="text_key", star="star", star_similarity="similarity")
    joined = keys.left_join(stars, keys.text_key == stars.star_key).drop("star_key")
    return joined.mutate(
        star=ibis.coalesce(joined.star, joined.text_key),
        star_similarity=joined.text_key.notnull().ifelse(joined.star_similarity.fill_null(1.0), ibis.null("float64")),
    )
