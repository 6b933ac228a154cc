import numpy as np
import pytest

from assay.signals import imagery
from tests.signals.markets import ago, brand, listing

RNG = np.random.default_rng(7)
PICTURE = bytes(RNG.integers(0, 256, 32, dtype=np.uint8))
OTHER = bytes(RNG.integers(0, 256, 32, dtype=np.uint8))


def edited(picture, n_bits, seed=0):
    """The hash with so many bits flipped."""
    bits = np.unpackbits(np.frombuffer(picture, np.uint8)).copy()
    bits[np.random.default_rng(seed).choice(256, n_bits, replace=False)] ^= 1
    return np.packbits(bits).tobytes()


def shown(listing_id, pdq=None, sha256=None):
    return {
        "image_id": f"I{listing_id}{(pdq or b'').hex()[:6]}{sha256}",
        "listing_id": listing_id,
        "pdq": pdq.hex() if pdq else None,
        "sha256": sha256,
    }


def goods(*merchants, days=()):
    """Listings A0, A1, ... of the merchants, listed so many days ago (100, 99, ... when not said)."""
    when = days or range(100, 0, -1)
    return [
        listing(listing_id=f"A{i}", merchant_id=m, listed_at=ago(day))
        for i, (m, day) in enumerate(zip(merchants, when, strict=False))
    ]


def verdict(listing_id, days, outcome="counterfeit"):
    return {
        "subject_type": "listing",
        "subject_id": listing_id,
        "verdict": outcome,
        "source": "platform_review",
        "decided_at": ago(days),
    }


def column(rows, name):
    return [row[name] for _, row in sorted(rows.items())]


def test_a_picture_is_counted_at_other_merchants_and_none_is_not_checked(measured):
    rows = measured(
        imagery.measure,
        listings=goods("M1", "M2", "M2", "M3", "M4"),
        images=[shown("A0", PICTURE), shown("A1", PICTURE), shown("A2", PICTURE), shown("A3", OTHER)],
    )
    assert column(rows, "imagery_shared") == [1, 1, 1, 0, None]
    assert rows["A0"]["imagery_shared__n_listings"] == 3
    assert "1 other merchant, on 3 listings" in imagery.SIGNALS[0].sentence(rows["A0"])


def test_files_without_a_perceptual_hash_are_compared_by_their_sum(measured):
    images = [shown("A0", sha256="f1"), shown("A1", sha256="f1"), shown("A2", sha256="f2")]
    assert column(measured(imagery.measure, listings=goods("M1", "M2", "M3"), images=images), "imagery_shared") == [
        1,
        1,
        0,
    ]
    images[2] = shown("A2", PICTURE)
    assert column(measured(imagery.measure, listings=goods("M1", "M2", "M3"), images=images), "imagery_shared") == [
        1,
        1,
        0,
    ]


def test_an_edited_picture_is_the_same_picture_and_a_blank_one_is_not(measured):
    blank = bytes(31)
    rows = measured(
        imagery.measure,
        listings=goods("M1", "M2", "M3", "M4", "M5"),
        images=[
            shown("A0", PICTURE),
            shown("A1", edited(PICTURE, 8)),
            shown("A2", edited(PICTURE, 60)),
            shown("A3", blank + b"\x01"),
            shown("A4", blank + b"\x03"),
        ],
    )
    assert column(rows, "imagery_shared") == [1, 1, 0, 0, 0]


def test_who_showed_the_picture_first_is_first_also_with_later_listings(measured):
    rows = measured(
        imagery.measure,
        listings=goods("M1", "M2", "M1", "M3", days=(50, 40, 30, 20)),
        images=[shown(f"A{i}", PICTURE) for i in range(4)],
    )
    assert column(rows, "imagery_first_elsewhere") == [0, 10, 0, 30]
    assert rows["A3"]["imagery_first_elsewhere__listing"] == "A0"
    assert "30 days before: listing A0, of 2026-04-12" in imagery.SIGNALS[1].sentence(rows["A3"])


def test_the_share_of_authorised_merchants_tells_a_studio_picture(measured):
    rows = measured(
        imagery.measure,
        listings=goods("M1", "M2", "M3"),
        images=[shown("A0", PICTURE), shown("A1", PICTURE), shown("A2", OTHER)],
        brands=[brand(authorised_merchants='["M1"]')],
    )
    assert column(rows, "imagery_authorised") == [0.5, 0.5, 0]
    assert "50 % are on a brand's list" in imagery.SIGNALS[2].sentence(rows["A0"])


LISTINGS = goods("M1", "M2", "M1", "M3", "M4")
IMAGES = [*(shown(f"A{i}", PICTURE) for i in range(4)), shown("A4", OTHER)]
VERDICTS = [verdict("A0", 10), verdict("A1", 20)]


def confirmed(measured, verdicts):
    rows = measured(imagery.measure, listings=LISTINGS, images=IMAGES, verdicts=verdicts)
    return column(rows, "imagery_confirmed"), column(rows, "imagery_confirmed__listing")


def test_a_picture_of_a_counterfeit_of_another_merchant_known_before_counts(measured):
    assert confirmed(measured, VERDICTS) == ([1, 0, 1, 1, 0], ["A1", None, "A1", "A1", None])


@pytest.mark.parametrize("own", [0, 1])
def test_the_own_verdict_and_later_ones_never_move_the_own_value(measured, own):
    before = confirmed(measured, VERDICTS)
    turned = [v | {"verdict": "genuine"} if i == own else v for i, v in enumerate(VERDICTS)]
    after = confirmed(measured, [*turned, verdict("A3", 5)])
    assert (after[0][own], after[1][own]) == (before[0][own], before[1][own])


def test_verdicts_on_the_own_merchant_never_move_a_value(measured):
    assert confirmed(measured, VERDICTS[1:])[0][2] == confirmed(measured, VERDICTS)[0][2] == 1
    assert confirmed(measured, VERDICTS[:1])[0][2] == 0


def test_without_pictures_nothing_is_measured(measured):
    assert measured(imagery.measure, listings=goods("M1")) == {}
