"""The folder that `assay attacks find` writes, and how pages, packs and the terminal read from there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from assay.market.errors import CallerError, DamagedSnapshot
from assay.publishing.pseudonyms import Pseudonyms

Row: TypeAlias = dict[str, Any]
Change: TypeAlias = dict[str, Callable[[Any], Any]]

# Groups stand in this order wherever they are listed: what is named first, then what is explained, then the rest.
STATUS_ORDER = ("named", "explained", "listed")


@dataclass(frozen=True, slots=True)
class Findings:
    """The tables of one search for organised posts, and `about`, the content of its run.json."""

    folder: Path
    about: dict[str, Any]

    @property
    def snapshot_id(self) -> str:
        """What was searched: the snapshot of the market, or the hash of the file of posts."""
        return str(self.about.get("snapshot_id") or self.about.get("snapshot") or "unknown")

    def has(self, name: str) -> bool:
        """Whether the run wrote this table."""
        return self._path(name) is not None

    def table(self, name: str, *, where: ds.Expression | None = None, columns: list[str] | None = None) -> pa.Table:
        """The rows of a table that fit `where`; a table that the run did not write has no rows and no columns."""
        path = self._path(name)
        if path is None:
            return pa.table({})
        try:
            return ds.dataset(path, format="parquet").to_table(filter=where, columns=columns)
        except (OSError, pa.ArrowInvalid) as error:
            raise DamagedSnapshot(
                f"Table {name} of {self.folder} cannot be read ({error}); search again with `assay attacks find`.",
                where={"path": str(path)},
            ) from error

    def rows(self, name: str, *, where: ds.Expression | None = None) -> list[Row]:
        """The rows as mappings."""
        found: list[Row] = self.table(name, where=where).to_pylist()
        return found

    def groups(self) -> list[Row]:
        """All groups: named first, then by core accounts and posts, the largest first."""
        place = {status: i for i, status in enumerate(STATUS_ORDER)}
        return sorted(
            self.rows("groups"),
            key=lambda g: (place.get(g["status"], len(place)), -g["n_core"], -g["n_posts"], g["group"]),
        )

    @property
    def n_explanations(self) -> int:
        """Innocent explanations that were tested, over all groups."""
        return sum(row["result"] != "not checked" for row in self.rows("explanations"))

    def group(self, which: str) -> Row:
        """A group by its name or number. CallerError names those that there are."""
        groups = self.groups()
        for group in groups:
            if which in (group["name"], str(group["group"])):
                return group
        known = ", ".join(g["name"] for g in groups[:20]) or "none"
        raise CallerError(
            f"{self.folder} has no group {which!r}; it has: {known}.", where={"run": str(self.folder)}, value=which
        )

    @property
    def as_of(self) -> datetime:
        """The date of what is printed: the run's own, or that of the last post of a group."""
        told = self.about.get("as_of")
        if told:
            return _aware(datetime.fromisoformat(str(told)))
        last = [g["last_at"] for g in self.groups() if g["last_at"] is not None]
        return _aware(max(last)) if last else datetime(1970, 1, 1, tzinfo=UTC)

    def _path(self, name: str) -> Path | None:
        for path in (self.folder / name, self.folder / f"{name}.parquet"):
            if path.exists():
                return path
        return None


def open_findings(folder: Path) -> Findings:
    """Opens the result folder of `assay attacks find`. CallerError when it is none."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise _no_findings(folder, "it has no run.json") from error
    except ValueError as error:
        raise DamagedSnapshot(f"{folder / 'run.json'} cannot be read ({error}); search again.") from error
    found = Findings(folder, about)
    if not found.has("groups"):
        raise _no_findings(folder, "it has no table of groups")
    return found


def _no_findings(folder: Path, why: str) -> CallerError:
    return CallerError(
        f"{folder} is not a result of `assay attacks find`: {why}; make one with "
        f"`assay attacks find MARKET --out {folder}`.",
        where={"path": str(folder)},
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GroupRows:
    """Every row of a run about one group, as the tables have them; `posts` carry their text as well."""

    group: Row
    narratives: list[Row]
    posts: list[Row]
    members: list[Row]
    overlaps: list[Row] = field(default_factory=list)
    timing: list[Row] = field(default_factory=list)
    calendar: list[Row] = field(default_factory=list)
    recurrences: list[Row] = field(default_factory=list)
    explanations: list[Row] = field(default_factory=list)
    style: list[Row] = field(default_factory=list)
    signs: list[Row] = field(default_factory=list)
    signs_usual: list[Row] = field(default_factory=list)
    targets: list[Row] = field(default_factory=list)

    @property
    def labels(self) -> dict[int, str]:
        """Short names of the narratives, N1 having the most posts."""
        return {row["narrative"]: f"N{i}" for i, row in enumerate(self.narratives, 1)}

    @property
    def roles(self) -> dict[str, str]:
        """Core or periphery, by account."""
        return {row["account_id"]: row["role"] for row in self.members}

    def tables(self) -> dict[str, list[Row]]:
        """The rows by the names of the run's tables."""
        names = [each.name for each in fields(self) if each.name != "group"]
        return {"groups": [self.group], **{name: getattr(self, name) for name in names}}

    def require_table(self, name: str) -> None:
        """CallerError when there is no such table."""
        known = ", ".join(self.tables())
        if name not in self.tables():
            raise CallerError(f"A group has no table {name!r}; it has: {known}.", value=name, allowed=known)

    def masked(self, names: Pseudonyms) -> GroupRows:
        """The same rows with handles, post ids and what points at a person in texts put out of sight."""
        own = Pseudonyms(names.salt, names.handles | frozenset(self.roles))
        # A key is a hash of the whole text, from which a masked number could be guessed back.
        keys = [
            row.get(name) for row in (*self.posts, *self.narratives) for name in ("text_key", "cluster", "centre_key")
        ]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(k for k in keys if k is not None), 1)}
        account: Change = {"account_id": own.account}
        said: Change = {
            "central_text": own.text,
            "centre_key": numbers.get,
            "terms": lambda terms: [own.text(term) for term in terms or []],
        }
        post: Change = {
            **account,
            "post_id": own.post,
            "text": own.text,
            "text_key": numbers.get,
            "cluster": numbers.get,
        }
        prose: Change = {"figure": own.mentions, "refused": own.mentions, "name": own.text}
        return replace(
            self,
            group=_mapped([self.group], {"name": own.text})[0],
            narratives=_mapped(self.narratives, said),
            posts=_mapped(self.posts, post),
            members=_mapped(self.members, account),
            explanations=_mapped(self.explanations, prose),
            style=_mapped(self.style, prose),
            signs=_mapped(self.signs, account),
            targets=_mapped(self.targets, {"target": own.account}),
        )


def _mapped(rows: list[Row], change: Change) -> list[Row]:
    return [
        {name: change[name](value) if name in change and value is not None else value for name, value in row.items()}
        for row in rows
    ]


def group_rows(found: Findings, which: str) -> GroupRows:
    """Everything that a run says about one group, by its name or number, in an order that does not change."""
    group = found.group(which)
    mine = ds.field("group") == group["group"]
    narratives = sorted(found.rows("narratives", where=mine), key=lambda n: (-n["n_posts"], n["narrative"]))
    ids = [row["narrative"] for row in narratives]
    by_account = sorted(found.rows("members", where=mine), key=_core_first)
    return GroupRows(
        group=group,
        narratives=narratives,
        posts=_posts(found, ids),
        members=by_account,
        overlaps=_overlaps(found, ids),
        timing=found.rows("timing", where=mine) if found.has("timing") else [],
        calendar=_sorted(found, "calendar", mine, lambda row: (row["p"] is None, row["p"], row["event_id"])),
        recurrences=_sorted(found, "recurrences", mine, lambda row: (row["q"], row["left_event"], row["right_event"])),
        explanations=_sorted(found, "explanations", mine, lambda row: row["code"]),
        style=_sorted(found, "style", mine, lambda row: row["statistic"]),
        signs_usual=found.rows("signs_usual"),
        targets=_sorted(found, "targets", mine, lambda row: (-row["n_posts"], row["target"])),
        signs=_signs(found, group["group"], [row["account_id"] for row in by_account]),
    )


def _core_first(member: Row) -> tuple[Any, ...]:
    return (member["role"] != "core", -member["n_narratives"], -member["n_posts"], member["account_id"])


def _sorted(found: Findings, name: str, where: ds.Expression, key: Callable[[Row], Any]) -> list[Row]:
    return sorted(found.rows(name, where=where), key=key) if found.has(name) else []


def _posts(found: Findings, narratives: list[int]) -> list[Row]:
    """The posts of the narratives with the text that they were compared by, oldest first."""
    posts = found.rows("posts", where=ds.field("narrative").isin(pa.array(narratives, pa.int64())))
    keys = pa.array(sorted({post["text_key"] for post in posts if post["text_key"] is not None}), pa.int64())
    texts = found.table("texts", where=ds.field("text_key").isin(keys), columns=["text_key", "text"])
    wording = dict(zip(*(texts.column(name).to_pylist() for name in ("text_key", "text")), strict=True))
    whole = [{**post, "text": wording.get(post["text_key"])} for post in posts]
    return sorted(whole, key=lambda post: (post["posted_at"], post["post_id"]))


def _overlaps(found: Findings, narratives: list[int]) -> list[Row]:
    ids = pa.array(narratives, pa.int64())
    both = ds.field("left_narrative").isin(ids) & ds.field("right_narrative").isin(ids)
    return _sorted(
        found, "overlaps", both, lambda o: (o["p"], -o["n_shared"], o["left_narrative"], o["right_narrative"])
    )


def _signs(found: Findings, group: int, accounts: Iterable[str]) -> list[Row]:
    if not found.has("signs"):
        return []
    table = found.table("signs", where=ds.field("account_id").isin(pa.array(list(accounts), pa.string())))
    if "group" in table.column_names:
        table = table.filter(pc.fill_null(pc.equal(table.column("group"), group), True))
    rows: list[Row] = table.to_pylist()
    return sorted(rows, key=lambda row: str(row["account_id"]))
