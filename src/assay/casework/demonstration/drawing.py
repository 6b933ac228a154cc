"""Draws the files of the pictures that findings name, so that an item's page has something to look at."""

from __future__ import annotations

from pathlib import Path

from assay.casework.findings import Content
from assay.casework.models import Finding
from assay.casework.queries.pictures import FOLDER, path_of
from assay.pipeline import open_run
from assay.pipeline.originals import originals
from assay.simulation.pictures import draw, scenes


def draw_pictures(run: Path) -> None:
    """Puts a drawn file for every picture on an item's page into the market's folder.

    Drawn anew each time: the same address may name another picture in a market of another seed.
    """
    rated = open_run(run)
    known = originals(rated)
    images = list(known.rows("images", "uri", _named()).values())
    listings = known.rows("listings", "listing_id", [row["listing_id"] for row in images])
    images = [row for row in images if len(row["pdq"] or "") == 64]
    for row, scene in zip(images, scenes([row["pdq"] for row in images]), strict=True):
        path = rated.market_folder / FOLDER / path_of(row["uri"])
        path.parent.mkdir(parents=True, exist_ok=True)
        category = listings.get(row["listing_id"], {}).get("category") or ""
        path.write_bytes(draw(row["pdq"], category, row["ocr_text"] or "", scene))


def _named() -> set[str]:
    """The addresses of all pictures on items' pages."""
    contents = map(Content.read, Finding.objects.values_list("content", flat=True))
    pictures = [each for content in contents for each in content.pictures]
    return {uri for each in pictures for uri in (each.uri, each.elsewhere_uri) if uri}
