"""Pictures of listings: own photographs, brand studio shots, wholesalers' albums, and stolen ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.simulation.draws import Floats, Ints, Keys, hexadecimal, key, numbered, unit, where_valid
from assay.simulation.listings import listing_ids
from assay.simulation.merchants import KIND
from assay.simulation.offers import Offers, World

_MAX_PICTURES = 4
_OCR = (
    "original quality", "WhatsApp +86 138", "100% authentic", "free gift", "wholesale price", "微信看相册", "官方正品",
    "СКИДКА", "NEU", "oferta", "size chart", "watermark", "top quality 1:1", "new arrival",
)  # fmt: skip


def images_table(rng: np.random.Generator, world: World, offers: Offers, chunk: int) -> pa.Table:
    """One row per picture. Equal scenes have equal hashes, or hashes a few bits apart when the copy was edited."""
    counts = _counts(rng, offers)
    row = np.repeat(np.arange(len(offers)), counts)
    position = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    scene, edited = _scenes(rng, world, offers, row, position)
    n = len(row)
    file = np.where(edited, key(world.seed, 301, offers.number[row], position), scene)
    number = chunk * 10_000_000 + np.arange(n)
    image = numbered("I", number, 11)
    return pa.table(
        {
            "image_id": image,
            "listing_id": listing_ids(offers.number).take(pa.array(row)),
            "position": position,
            "uri": pc.binary_join_element_wise("https://img.market.example/", image, ".jpg", ""),
            "sha256": hexadecimal(_words(file, 2)),
            "pdq": hexadecimal(_perceptual(scene, file, edited)),
            "ocr_text": _ocr(rng, world, offers, row),
        }
    )


def _counts(rng: np.random.Generator, offers: Offers) -> Ints:
    n = len(offers)
    none = rng.random(n) < 0.16 + 0.24 * offers.look
    return np.where(none, 0, np.minimum(rng.geometric(0.80 + 0.15 * offers.look), _MAX_PICTURES))


def _scenes(
    rng: np.random.Generator, world: World, offers: Offers, row: Ints, position: Ints
) -> tuple[Keys, np.ndarray]:
    """The scene each picture shows, and whether the file was edited (cropped, recompressed, watermarked)."""
    n, shops = len(offers), world.merchants
    u = rng.random(n)
    own_number = offers.number
    has_feed = shops.supplier[offers.merchant] >= 0
    feed = ~offers.is_fake & has_feed & (u > 0.5)
    studio = np.where(offers.is_fake, u < 0.12, u < 0.20)
    thief = offers.is_fake & (u > np.where(offers.trick == KIND["picture_thief"], 0.30, 0.92))
    album = offers.is_fake & ~thief & ~studio & (u < 0.12 + 0.5 * offers.loud)
    album |= offers.alike & (u < 0.4)
    source = np.select([thief, album, studio, feed], [1, 2, 3, 4], 0)
    victim = np.where(thief, _victims(rng, offers), own_number)
    persona = shops.persona[offers.merchant]
    # A shop photographs an article once or twice and uses the pictures again.
    own = key(
        world.seed, 302, np.where(unit(key(own_number), 5) < 0.35, persona * 4096 + offers.product, own_number + 2**40)
    )
    album_key = key(world.seed, 303, shops.producer[offers.merchant], offers.product)
    studio_key = key(world.seed, 304, offers.product)
    feed_key = key(world.seed, 305, shops.supplier[offers.merchant], offers.product)
    stolen = key(world.seed, 306, victim)
    # The victim's own photograph is the scene that the thief shows: both are keyed by the victim's number.
    robbed = np.isin(own_number, victim[thief])
    source = np.where(robbed, 0, source)
    mine = np.where(robbed, key(world.seed, 306, own_number), own)
    base = np.choose(source, [mine, stolen, album_key, studio_key, feed_key])
    edited = rng.random(len(row)) < np.where(source == 0, 0.0, np.where(source == 1, 0.55, 0.25))[row]
    return key(base[row], position), edited


def _victims(rng: np.random.Generator, offers: Offers) -> Ints:
    """For each listing the number of an honest one of the same product in the chunk, or else of a near one."""
    honest = np.flatnonzero(~offers.is_fake)
    honest = honest[np.argsort(offers.product[honest], kind="stable")]
    products = offers.product[honest]
    low = np.searchsorted(products, offers.product, side="left")
    high = np.searchsorted(products, offers.product, side="right")
    # Thieves take from a few good photographs per product, not from all alike.
    reach = np.maximum(np.minimum(high - low, 6), 1)
    chosen = np.minimum(low + (rng.random(len(offers)) * reach).astype(np.int64), len(honest) - 1)
    victims: Ints = offers.number[honest[chosen]]
    return victims


def _words(keys: Keys, slot: int) -> np.ndarray:
    """256 hashed bits per key."""
    return np.stack([key(keys, slot, i) for i in range(4)], axis=1)


def _perceptual(scene: Keys, file: Keys, edited: np.ndarray) -> np.ndarray:
    """PDQ of the scene; an edited file differs in about 16 of the 256 bits (JPEG and small crops: 8 to 24 measured)."""
    noise = _words(file, 3) & _words(file, 4) & _words(file, 5) & _words(file, 6)
    return np.where(edited[:, None], _words(scene, 7) ^ noise, _words(scene, 7))


def _ocr(rng: np.random.Generator, world: World, offers: Offers, row: Ints) -> pa.Array:
    """Text read in the picture: usually none, sometimes the brand, sometimes a seller's overlay."""
    n = len(row)
    u = rng.random(n)
    overlay = pa.array(_OCR).take(pa.array(rng.integers(0, len(_OCR), n)))
    brand = world.catalogue.brand_names.take(pa.array(offers.brand[row]))
    limit: Floats = 0.04 + 0.10 * offers.loud[row]
    return where_valid(pc.if_else(pa.array(u < limit), overlay, brand), u < 0.30)
