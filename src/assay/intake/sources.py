"""Which files feed which sources of the mapping, and how each is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from assay.intake.batches import Reader
from assay.intake.columnar import read_parquet
from assay.intake.databases import is_address, read_postgres, read_sqlite, without_password
from assay.intake.delimited import read_delimited
from assay.intake.jsonlines import read_jsonlines
from assay.intake.mapping import MarketMapping, SourceMapping
from assay.intake.streams import TextStream, known_encoding, open_file, open_text, packing_of, unreadable
from assay.market.errors import CallerError, OutsideError

_SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
}
_MAGIC = {b"PAR1": "parquet", b"SQLite format 3\x00": "sqlite"}
_DELIMITER = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Place:
    """One file or database to read. `label` names it in rejects and reports: no machine's folders, no password."""

    label: str
    path: Path | None = None
    address: str | None = None

    @property
    def n_bytes(self) -> int:
        """Size of the file; 0 for a database."""
        return self.path.stat().st_size if self.path else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be read: pairs of place and source in reading order, the files and the sources left over."""

    work: tuple[tuple[Place, SourceMapping], ...]
    unmatched_files: tuple[str, ...]
    unmatched_sources: tuple[str, ...]


def plan_reading(sources: Iterable[Path | str], mapping: MarketMapping) -> Plan:
    """Matches files with the sources of the mapping. CallerError when a named file matches none, or nothing matches.

    Sources are read in the order of the mapping, files in the order of their names, so that "the later row of a key
    wins" does not depend on the file system.
    """
    places = [place for source in sources for place in _places(source, mapping)]
    work = [(place, source) for source in mapping.sources for place in places if takes(source, place)]
    taken = {place.label for place, _ in work}
    fed = {source.name for _, source in work}
    if not work:
        patterns = ", ".join(p for source in mapping.sources for p in source.files) or "any file"
        names = ", ".join(place.label for place in places[:5]) or "no file"
        raise CallerError(f"Nothing to take in: mapping {mapping.name} takes {patterns}, and there is {names}.")
    return Plan(
        tuple(work),
        tuple(place.label for place in places if place.label not in taken),
        tuple(source.name for source in mapping.sources if source.name not in fed),
    )


def takes(source: SourceMapping, place: Place) -> bool:
    """Whether a source of the mapping is read from this place."""
    if place.path is None:
        return source.query is not None and not source.files
    if not source.files:
        return True
    return any(fnmatch(place.label, p) or fnmatch(place.path.name, p) for p in source.files)


def _places(source: Path | str, mapping: MarketMapping) -> list[Place]:
    if isinstance(source, str) and is_address(source):
        if source.startswith("sqlite:///"):
            return _file(Path(source.removeprefix("sqlite:///")), mapping)
        return [Place(without_password(source), address=source)]
    path = Path(source)
    try:
        if path.is_dir():
            return _folder(path)
        path.stat()
    except FileNotFoundError as error:
        raise CallerError(f"There is no file or folder {path}; check the path.", where={"file": str(path)}) from error
    except OSError as error:
        raise unreadable(error, path) from error
    return _file(path, mapping)


def _file(path: Path, mapping: MarketMapping) -> list[Place]:
    if not path.exists():
        raise CallerError(f"There is no file or folder {path}; check the path.", where={"file": str(path)})
    place = Place(path.name, path)
    if not any(takes(source, place) for source in mapping.sources):
        patterns = ", ".join(p for source in mapping.sources for p in source.files)
        raise CallerError(
            f"{path.name} is taken by no source of mapping {mapping.name}, whose files are {patterns}; add a "
            "[[source]] or correct its `files`.",
            where={"file": str(path)},
            allowed=patterns,
        )
    return [place]


def _folder(folder: Path) -> list[Place]:
    try:
        next(iter(folder.iterdir()), None)
    except OSError as error:
        raise unreadable(error, folder) from error
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not _is_hidden(p.relative_to(folder)))
    if not files:
        raise CallerError(
            f"Folder {folder} holds no files; name the folder with the data.", where={"file": str(folder)}
        )
    return [Place(str(file.relative_to(folder)), file) for file in files]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


@dataclass(slots=True)
class Opened:
    """An opened place: its reader, and the stream behind it where there is one."""

    reader: Reader
    stream: TextStream | None = None

    @property
    def position(self) -> int:
        """Bytes of the file read so far, 0 where that is not known."""
        return self.stream.position if self.stream else 0

    def close(self) -> None:
        """Closes the file."""
        if self.stream:
            self.stream.close()


def open_place(place: Place, source: SourceMapping, *, encoding: str | None, everything: bool = False) -> Opened:
    """Opens a place as its source says; `everything` reads all columns and not only those mapped."""
    needed = None if everything else source.columns
    if place.path is None:
        return Opened(read_postgres(str(place.address), source.query))
    form = source.format or format_of(place.path)
    if form == "sqlite":
        return Opened(read_sqlite(place.path, source.query))
    if form == "parquet":
        return Opened(read_parquet(place.path, needed))
    stated = encoding or source.encoding
    stream = open_text(place.path, known_encoding(stated) if stated else None)
    try:
        if form == "jsonl":
            return Opened(read_jsonlines(stream, needed), stream)
        return Opened(read_delimited(stream, source.delimiter or _DELIMITER[form], needed), stream)
    except BaseException:
        stream.close()
        raise


def format_of(path: Path) -> str:
    """`csv`, `tsv`, `jsonl`, `parquet` or `sqlite`: by the first bytes, else by the name. CallerError when unknown."""
    open_file(path).close()
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise unreadable(error, path) from error
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".zst", ".zstd")]
    found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise CallerError(
            f'The format of {path.name} is not told by its name; state format = "csv" (or tsv, jsonl, parquet, sqlite) '
            "in its [[source]].",
            where={"file": str(path)},
            allowed=", ".join(sorted(set(_SUFFIXES))),
        )
    if found in ("parquet", "sqlite"):
        _refuse_disguise(path, found)
    return found


def _refuse_disguise(path: Path, name: str) -> None:
    if packing_of(path):
        raise CallerError(f"{path.name} is a packed {name} file; unpack it first.", where={"file": str(path)})
    raise OutsideError(f"{path.name} is damaged or no {name} file; fetch it again.", where={"file": str(path)})
