"""Signs of an account: what is seen on bought, borrowed and freshly made accounts, and on many honest ones too.

Shown beside what accounts of the same corpus have, and never decisive: nothing in the search for groups reads them.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from assay.likeness import fold, shingle
from assay.likeness.folding import FoldedTexts
from assay.market.errors import MissingColumn

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

_SECONDS_A_DAY = 86_400
# A silence that holidays do not explain; shorter ones end together by the calendar alone.
LEAST_SILENCE_DAYS = 30
# Accounts of a group that end such silences within a day of each other woke together.
_WAKING_S = _SECONDS_A_DAY
# A break after which a change of language or subject is looked for, and posts needed on either side of it.
_LEAST_BREAK_DAYS = 7
_LEAST_POSTS_A_SIDE = 5
# Hashed runs of characters by which subjects are compared: enough that topics seldom share a column.
_SUBJECT_COLUMNS = 1 << 14
# Accounts with about as many posts are compared: lower ends of the classes.
_CLASSES = (1, 2, 3, 6, 11, 26, 101)
# Quantiles of fewer accounts than this are not stated.
_LEAST_ACCOUNTS = 20
_QUANTILES = (0.05, 0.5, 0.95)

SIGN_NAMES = (
    "age_days",
    "n_posts",
    "n_active_days",
    "posts_per_active_day",
    "longest_silence_days",
    "woke_with",
    "copied_rate",
    "n_hours",
    "quiet_hours",
    "language_change",
    "subject_change",
)
_COUNTS = ("n_posts", "n_active_days", "woke_with", "n_hours", "quiet_hours")
SIGNS_SCHEMA = pa.schema(
    [("account_id", pa.string()), ("group", pa.int64()), ("woke_at", pa.timestamp("us", "UTC"))]
    + [(name, pa.int64() if name in _COUNTS else pa.float64()) for name in SIGN_NAMES]
)
USUAL_SCHEMA = pa.schema(
    [
        ("sign", pa.string()),
        ("least_posts", pa.int64()),
        ("n_accounts", pa.int64()),
        ("low", pa.float64()),
        ("middle", pa.float64()),
        ("high", pa.float64()),
    ]
)
_ROW = [("account_id", pa.string()), ("group", pa.int64()), ("sign", pa.string())]
_NUMBERS = [(name, pa.float64()) for name in ("value", "low", "middle", "high")]
BESIDE_SCHEMA = pa.schema([*_ROW, *_NUMBERS, ("n_accounts", pa.int64()), ("is_unusual", pa.bool_())])

# First and last code point of scripts, folded: what a post is written in, by its letters.
_SCRIPTS = (
    (0x61, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x590, 0x5FF),
    (0x600, 0x6FF),
    (0x900, 0xDFF),
    (0xE00, 0xE7F),
    (0x3040, 0x30FF),
    (0xAC00, 0xD7AF),
    (0x3400, 0x9FFF),
)


def account_signs(posts: pa.Table, *, groups: pa.Table | None = None, accounts: pa.Table | None = None) -> pa.Table:
    """The signs of every account in `posts`: `SIGNS_SCHEMA`, one row per account and group (null: in none), sorted.

    `posts`: account_id, posted_at; with text also language_change and subject_change, with is_copy (bool: somebody
    else posted this text too) also copied_rate. Give all posts of the accounts, not only those that tie them to a
    group. `groups`: account_id, group. `accounts`: account_id, registered_at. What cannot be told is null.

    - age_days: from registration to the account's first post here.
    - longest_silence_days: between two posts; woke_at: when a silence of 30 days or more ended; woke_with: other
      accounts of its group whose silence ended within a day of that.
    - copied_rate: share of its posts whose text others posted too, 0 to 1.
    - n_hours: hours of the day (UTC) in which it ever posted; quiet_hours: its longest run of hours without a post.
    - language_change, subject_change: how unlike its posts before and after its longest silence are, 0 to 1: distance
      of the shares of scripts; one minus the cosine of TF-IDF character runs. From 7 days and 5 posts on either side.

    One sort of the posts: about 2 microseconds of processor time each, 1.2 million posts of weibo_reposts in 2.4 s.
    """
    for name in ("account_id", "posted_at"):
        if name not in posts.column_names:
            got = posts.column_names
            raise MissingColumn(f"signs: posts have no column {name}; got {', '.join(got)}.", {"column": name}, got)
    ids, code = _numbered(posts["account_id"])
    at_s = posts["posted_at"].cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64()).to_numpy()
    order = np.lexsort((at_s, code))
    code, at_s = code[order], at_s[order]
    first = np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1]))) if len(code) else np.empty(0, np.int64)
    n_posts = np.diff(np.concatenate((first, [len(code)])))
    silence_s, after = _longest_silence(at_s, first, n_posts)
    found: dict[str, npt.NDArray[np.generic]] = {"n_posts": n_posts}
    found |= _activity(code, at_s, n_posts)
    found["longest_silence_days"] = np.where(n_posts > 1, silence_s / _SECONDS_A_DAY, np.nan)
    found["woke_at"] = np.where(silence_s >= LEAST_SILENCE_DAYS * _SECONDS_A_DAY, at_s[after], np.iinfo(np.int64).min)
    found["copied_rate"] = _copied(posts, order, code, n_posts)
    found["age_days"] = _ages(ids, at_s[first], accounts)
    found |= _changes(posts, order, code, np.arange(len(code)) >= after[code], silence_s)
    return _in_groups(ids, found, groups)


def usual_signs(signs: pa.Table) -> pa.Table:
    """What accounts outside every group have, `USUAL_SCHEMA`: quantiles 0.05, 0.5, 0.95 by sign and class of n_posts.

    `signs`: the result of `account_signs` on accounts drawn from the corpus. Classes with fewer than 20 accounts that
    show the sign have null quantiles. woke_with has no row: it needs a group.
    """
    outside = signs.filter(pc.is_null(signs["group"]))
    class_of = np.searchsorted(np.array(_CLASSES), outside["n_posts"].to_numpy(), side="right") - 1
    rows = []
    for name in SIGN_NAMES:
        if name == "woke_with":
            continue
        values = outside[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        for place, least in enumerate(_CLASSES):
            known = values[(class_of == place) & ~np.isnan(values)]
            enough = len(known) >= _LEAST_ACCOUNTS
            quantiles = [float(q) for q in np.quantile(known, _QUANTILES)] if enough else [None] * 3
            rows.append((name, least, len(known), *quantiles))
    columns = list(zip(*rows, strict=True))
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, USUAL_SCHEMA, strict=True)], schema=USUAL_SCHEMA)


def beside_usual(signs: pa.Table, usual: pa.Table) -> pa.Table:
    """One row per account, group and sign that is known, with what is usual for accounts with as many posts.

    Columns account_id, group, sign, value, low, middle, high, n_accounts and is_unusual: outside the middle 90 %, null
    where too few accounts tell. One account in ten is unusual in any one sign.
    """
    expected = {(row["sign"], row["least_posts"]): row for row in usual.to_pylist()}
    rows = []
    for row in signs.to_pylist():
        least = max(one for one in _CLASSES if one <= row["n_posts"])
        for name in SIGN_NAMES:
            if row[name] is None:
                continue
            there = expected.get((name, least), {})
            low, high = there.get("low"), there.get("high")
            rows.append(
                {
                    "account_id": row["account_id"],
                    "group": row["group"],
                    "sign": name,
                    "value": float(row[name]),
                    "low": low,
                    "middle": there.get("middle"),
                    "high": high,
                    "n_accounts": there.get("n_accounts", 0),
                    "is_unusual": None if low is None or high is None else not low <= row[name] <= high,
                }
            )
    return pa.Table.from_pylist(rows, schema=BESIDE_SCHEMA)


def _numbered(account_id: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """The accounts in the order of their ids, and the account of every post as a place among them."""
    coded = account_id.combine_chunks().dictionary_encode()
    order = pc.sort_indices(coded.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    return coded.dictionary.take(order), rank[coded.indices.to_numpy()]


def _longest_silence(at_s: Ints, first: Ints, n_posts: Ints) -> tuple[Ints, Ints]:
    """Per account its longest gap in seconds (the latest of equals), and the row of the post that ended it."""
    gap = np.diff(at_s, prepend=at_s[:1])
    gap[first] = -1
    if not len(first):
        return gap, first
    longest = np.maximum.reduceat(gap, first)
    account = np.repeat(np.arange(len(first)), n_posts)
    rows = np.flatnonzero(gap == longest[account])
    after = np.zeros(len(first), dtype=np.int64)
    after[account[rows]] = rows
    return np.maximum(longest, 0), after


def _activity(code: Ints, at_s: Ints, n_posts: Ints) -> dict[str, npt.NDArray[np.generic]]:
    n_accounts = len(n_posts)
    # Posts stand in order of account and time, so a new day differs from the post before.
    day = at_s // _SECONDS_A_DAY
    is_new = np.ones(len(code), dtype=bool)
    is_new[1:] = (code[1:] != code[:-1]) | (day[1:] != day[:-1])
    n_days = np.bincount(code[is_new], minlength=n_accounts)
    posted = np.zeros((n_accounts, 24), dtype=bool)
    posted[code, at_s % _SECONDS_A_DAY // 3_600] = True
    return {
        "n_active_days": n_days,
        "posts_per_active_day": n_posts / np.maximum(n_days, 1),
        "n_hours": posted.sum(axis=1),
        "quiet_hours": _longest_quiet(posted),
    }


def _longest_quiet(posted: Bools) -> Ints:
    """Longest run of hours without a post, round the clock."""
    longest = np.zeros(len(posted), dtype=np.int64)
    run = np.zeros(len(posted), dtype=np.int64)
    for hour in range(48):
        run = np.where(posted[:, hour % 24], 0, run + 1)
        longest = np.maximum(longest, run)
    return np.minimum(longest, 24)


def _copied(posts: pa.Table, order: Ints, code: Ints, n_posts: Ints) -> Floats:
    if "is_copy" not in posts.column_names:
        return np.full(len(n_posts), np.nan)
    copied = pc.fill_null(posts["is_copy"], False).to_numpy(zero_copy_only=False)[order]
    return np.asarray(np.bincount(code, weights=copied, minlength=len(n_posts)) / n_posts)


def _ages(ids: pa.Array, first_at_s: Ints, accounts: pa.Table | None) -> Floats:
    ages = np.full(len(ids), np.nan)
    if accounts is None or "registered_at" not in accounts.column_names:
        return ages
    known = accounts.filter(pc.is_valid(accounts["registered_at"]))
    opened = known["registered_at"].cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64()).to_numpy()
    place, is_here = _places(ids, known["account_id"])
    ages[place] = (first_at_s[place] - opened[is_here]) / _SECONDS_A_DAY
    return ages


def _places(ids: pa.Array, names: pa.ChunkedArray) -> tuple[Ints, Bools]:
    """Places of those names that are among the ids, and which names those are."""
    found = pc.fill_null(pc.index_in(names.cast(ids.type), value_set=ids), -1).to_numpy().astype(np.int64)
    return found[found >= 0], found >= 0


def _changes(
    posts: pa.Table, order: Ints, code: Ints, is_after: Bools, silence_s: Ints
) -> dict[str, npt.NDArray[np.generic]]:
    """language_change and subject_change; only accounts with a break and enough posts on both sides are read."""
    n_accounts = len(silence_s)
    nothing = np.full(n_accounts, np.nan)
    if "text" not in posts.column_names:
        return {"language_change": nothing, "subject_change": nothing.copy()}
    has_text = pc.is_valid(posts["text"]).to_numpy(zero_copy_only=False)[order]
    sides = np.bincount(code[has_text] * 2 + is_after[has_text], minlength=2 * n_accounts).reshape(-1, 2)
    long_enough = silence_s >= _LEAST_BREAK_DAYS * _SECONDS_A_DAY
    chosen = (sides >= _LEAST_POSTS_A_SIDE).all(axis=1) & long_enough
    rows = np.flatnonzero(has_text & chosen[code])
    if not len(rows):
        return {"language_change": nothing, "subject_change": nothing.copy()}
    texts = fold(posts["text"].combine_chunks().take(pa.array(order[rows])))
    # Two rows per account, before and after.
    side = (np.cumsum(chosen) - 1)[code[rows]] * 2 + is_after[rows]
    language, subject = nothing, nothing.copy()
    language[chosen] = _distance(_scripts(texts, side, int(chosen.sum())))
    subject[chosen] = _unlike(texts, side, int(chosen.sum()))
    return {"language_change": language, "subject_change": subject}


def _scripts(texts: FoldedTexts, side: Ints, n_accounts: int) -> Floats:
    """Letters by script, one row per account and side."""
    script = np.full(len(texts.points), -1, dtype=np.int64)
    for number, (low, high) in enumerate(_SCRIPTS):
        script[(texts.points >= low) & (texts.points <= high)] = number
    of_point = np.repeat(side, texts.lengths)
    cells = (of_point * len(_SCRIPTS) + script)[script >= 0]
    counts = np.bincount(cells, minlength=2 * n_accounts * len(_SCRIPTS))
    return counts.reshape(-1, len(_SCRIPTS)).astype(np.float64)


def _distance(counts: Floats) -> Floats:
    """Total variation between the shares before and after."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1.0)
    apart = np.abs(shares[0::2] - shares[1::2]).sum(axis=1) / 2.0
    return np.where((totals[0::2, 0] > 0) & (totals[1::2, 0] > 0), apart, np.nan)


def _unlike(texts: FoldedTexts, side: Ints, n_accounts: int) -> Floats:
    """One minus the cosine of TF-IDF runs before and after."""
    found = shingle(texts)
    rows = np.repeat(side, found.counts)
    columns = (found.hashes % np.uint32(_SUBJECT_COLUMNS)).astype(np.int64)
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(2 * n_accounts, _SUBJECT_COLUMNS))
    counts.data = 1.0 + np.log(counts.data)
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    weighted = sparse.csr_matrix(counts.multiply(np.log((1 + 2 * n_accounts) / (1 + frequency)) + 1.0))
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    dots = np.asarray(weighted[0::2].multiply(weighted[1::2]).sum(axis=1)).ravel()
    both = norms[0::2] * norms[1::2]
    return np.where(both > 0, 1.0 - dots / np.where(both > 0, both, 1.0), np.nan)


def _in_groups(ids: pa.Array, found: dict[str, npt.NDArray[np.generic]], groups: pa.Table | None) -> pa.Table:
    """One row per account and group, with woke_with counted inside each group; accounts in none have a null group."""
    place, group = np.empty(0, np.int64), np.empty(0, np.int64)
    if groups is not None:
        place, is_here = _places(ids, groups["account_id"])
        group = groups["group"].to_numpy()[is_here].astype(np.int64)
    is_alone = np.ones(len(ids), dtype=bool)
    is_alone[place] = False
    alone = np.flatnonzero(is_alone)
    every, of = np.concatenate((place, alone)), np.concatenate((group, np.full(len(alone), -1)))
    order = np.lexsort((of, every))
    every, of = every[order], of[order]
    woke_at = found["woke_at"][every].astype(np.int64)
    slept = woke_at != np.iinfo(np.int64).min
    columns: dict[str, pa.Array] = {
        "account_id": ids.take(pa.array(every)),
        "group": pa.array(of, pa.int64(), mask=of < 0),
        "woke_at": pa.array(woke_at, pa.int64(), mask=~slept).cast(pa.timestamp("s", "UTC")),
        "woke_with": pa.array(_woke_with(of, woke_at, slept), pa.int64(), mask=~slept | (of < 0)),
    }
    for name in SIGN_NAMES:
        if name not in columns:
            columns[name] = pa.array(found[name][every], from_pandas=True)
    return pa.table({field.name: columns[field.name].cast(field.type) for field in SIGNS_SCHEMA}, schema=SIGNS_SCHEMA)


def _woke_with(group: Ints, woke_at: Ints, slept: Bools) -> Ints:
    """Other rows of the same group that woke within a day, by two searches in one sorted list."""
    rows = np.flatnonzero(slept & (group >= 0))
    found = np.zeros(len(group), dtype=np.int64)
    if not len(rows):
        return found
    # Groups stand so far apart on one line that no window reaches from one into the next.
    span = int(woke_at[rows].max() - woke_at[rows].min()) + 2 * _WAKING_S + 1
    line = np.unique(group[rows], return_inverse=True)[1] * span + (woke_at[rows] - woke_at[rows].min())
    ordered = np.sort(line)
    last = np.searchsorted(ordered, line + _WAKING_S, side="right")
    found[rows] = last - np.searchsorted(ordered, line - _WAKING_S, side="left") - 1
    return found
