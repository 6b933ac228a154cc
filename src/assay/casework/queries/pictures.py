"""The pictures of a finding: which of their files lie with the market, and the bytes of one of them.

Files lie in the market's folder `pictures`, under the path that the table `images` gives as `uri`; a copy of what has
an address on the Web lies there under host and path, as `wget --force-directories` leaves it. Nothing is fetched from
the Internet: whoever owns an address could see who looks, and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assay.casework.access import NotThere
from assay.casework.findings import Content, Picture
from assay.casework.models import Finding, Item
from assay.casework.uploads import MOST_BYTES
from assay.market.errors import AssayError
from assay.pipeline import open_run

FOLDER = "pictures"


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the page: its file is here, or else there may be a link. `other` is a listing with the same one."""

    picture: Picture
    is_here: bool
    link: str
    other: str
    other_is_here: bool
    other_link: str


def pictures_of(item: Item, content: Content | None) -> tuple[Shown, ...]:
    """The pictures of the item's finding, in their order."""
    pictures = content.pictures if content else ()
    folder = _folder(item.finding) if pictures else None
    return tuple(_shown(folder, each) for each in pictures)


def picture_bytes(item: Item, finding: int, place: int, *, of_other: bool = False) -> bytes:
    """The file of the picture at a place (1 first) of one of the item's findings, or of the one that it resembles.

    NotThere when the finding is not of this item, names no such file, or none lies with the market.
    """
    found = item.findings.filter(pk=finding).select_related("run").first()
    pictures = Content.read(found.content).pictures if found else ()
    if found is not None and 0 < place <= len(pictures):
        picture = pictures[place - 1]
        path = _file(_folder(found), picture.elsewhere_uri if of_other else picture.uri)
        if path is not None:
            return path.read_bytes()
    raise NotThere(f"Item {item.pk} has no picture {place}.", where={"item": item.pk, "picture": place}, value=place)


def _shown(folder: Path | None, picture: Picture) -> Shown:
    other = picture.elsewhere[0] if picture.elsewhere and picture.elsewhere_uri else ""
    is_here = _file(folder, picture.uri) is not None
    other_is_here = bool(other) and _file(folder, picture.elsewhere_uri) is not None
    return Shown(
        picture,
        is_here,
        "" if is_here else _link(picture.uri),
        other,
        other_is_here,
        "" if other_is_here else _link(picture.elsewhere_uri),
    )


def path_of(uri: str) -> str:
    """Where the file of an address lies in the folder of pictures: a path as it is, a Web address by host and path."""
    if not _link(uri):
        return uri
    parts = urlsplit(uri)
    return parts.netloc.rpartition("@")[2].lower() + parts.path + (f"?{parts.query}" if parts.query else "")


def _link(uri: str) -> str:
    """The address, if it is one on the Web that a browser can open."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return uri if parts.scheme in ("http", "https") and parts.hostname else ""


def _folder(finding: Finding | None) -> Path | None:
    """The folder of the market that the finding's run rated; None where the run or its market is gone."""
    if finding is None or finding.run is None:
        return None
    try:
        return (open_run(Path(finding.run.folder)).market_folder / FOLDER).resolve(strict=True)
    except (AssayError, OSError, KeyError):
        return None


def _file(folder: Path | None, uri: str) -> Path | None:
    """The file under the folder, symbolic links followed; None for what lies outside, is none, or is too large."""
    if folder is None or not uri:
        return None
    try:
        path = (folder / path_of(uri)).resolve(strict=True)
        is_fit = path.is_relative_to(folder) and path.is_file() and path.stat().st_size <= MOST_BYTES
    except (OSError, ValueError, RuntimeError):
        return None
    return path if is_fit else None
