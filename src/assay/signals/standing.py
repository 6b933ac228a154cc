"""What was known of a group of goods on a day: how many there were, and how many were confirmed counterfeit.

Time runs in whole days back from the market's `as_of`, so that a count on a day is a sum over few rows. A listing rated
at an instant uses the last day boundary before it; an unjudged listing is rated at `as_of` itself, day 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

_DAY = 86_400
# Known on every day: a listing without a date is taken as always having been there.
_ALWAYS = 1_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """Names of the two counts: `<name>_confirmed` and `<name>_seen`."""

    name: str

    @property
    def confirmed(self) -> str:
        """Column that counts confirmed goods."""
        return f"{self.name}_confirmed"

    @property
    def seen(self) -> str:
        """Column that counts the goods they are a share of."""
        return f"{self.name}_seen"


def with_known_days(rows: ir.Table, as_of_s: int, *, both_outcomes: bool) -> ir.Table:
    """Adds when each listing is rated and since when its facts are known, in days back from `as_of`.

    `rows` has rated_s, listed_s, confirmed_s, cleared_s. New columns: `day` at which it is rated (0 = as_of);
    `confirmed_day`, the earliest boundary (largest number) at which its confirmation was known, null when it has none;
    `seen_day`, the same for its being counted at all: judged when `both_outcomes`, else listed; `is_seen`, 1 when it
    counts itself on its own day. A fact of an instant is known at the boundaries strictly after it.
    """
    rows = rows.mutate(day=_days_back(rows.rated_s, as_of_s), confirmed_day=_days_back(rows.confirmed_s, as_of_s) - 1)
    if both_outcomes:
        cleared = _days_back(rows.cleared_s, as_of_s) - 1
        seen = ibis.coalesce(ibis.greatest(rows.confirmed_day, cleared), rows.confirmed_day, cleared)
    else:
        # Goods confirmed before the date they state were there all the same: a share never exceeds 1.
        listed = (_days_back(rows.listed_s, as_of_s) - 1).fill_null(_ALWAYS)
        seen = ibis.greatest(listed, ibis.coalesce(rows.confirmed_day, listed))
    rows = rows.mutate(seen_day=seen)
    return rows.mutate(is_seen=(rows.seen_day >= rows.day).fill_null(False).ifelse(1, 0)).drop(
        "rated_s", "listed_s", "confirmed_s", "cleared_s"
    )


def _days_back(seconds: ir.IntegerValue, as_of_s: int) -> ir.IntegerValue:
    """Whole days, rounded up, from an instant to `as_of`."""
    return ((as_of_s - seconds).cast("float64") / float(_DAY)).ceil().cast("int64")


def standing(goods: ir.Table, keys: tuple[str, ...], count: Count) -> ir.Table:
    """Per group and per day on which one of its goods is rated: confirmed and seen goods known by then.

    `goods` has the columns of `with_known_days`. Columns: the keys, `day`, and those of `count`. Nearly all goods are
    rated on day 0, where plain totals do; running sums are only taken of groups with goods judged earlier.
    """
    day = ibis.literal(0, "int64")
    now = goods.group_by(*keys).agg(
        **{
            count.confirmed: (goods.confirmed_day >= 0).fill_null(False).ifelse(1, 0).sum(),
            count.seen: (goods.seen_day >= 0).fill_null(False).ifelse(1, 0).sum(),
        }
    )
    now = now.mutate(day=day).select(*keys, "day", count.confirmed, count.seen)
    return now.union(_earlier(goods, keys, count))


def _earlier(goods: ir.Table, keys: tuple[str, ...], count: Count) -> ir.Table:
    """The same for days before the last: facts and questions in one line of time, with running sums."""
    asked = goods.filter(goods.day > 0).select(*keys, "day").distinct()
    known = goods.semi_join(asked.select(*keys).distinct(), keys)
    confirmed = known.filter(known.confirmed_day.notnull()).select(*keys, day="confirmed_day")
    seen = known.filter(known.seen_day.notnull()).select(*keys, day="seen_day")
    line = _line(confirmed, keys, 1, 0).union(_line(seen, keys, 0, 1))
    questions = asked.mutate(confirmed=ibis.literal(0, "int64"), seen=ibis.literal(0, "int64"), is_question=1)
    line = line.union(questions.select(*keys, "day", "confirmed", "seen", "is_question"))
    # Latest first means largest day first; a fact known on a day comes before the question asked on it.
    so_far = ibis.window(
        group_by=[line[key] for key in keys],
        order_by=[line.day.desc(), line.is_question, line.confirmed, line.seen],
        following=0,
    )
    summed = line.mutate(
        **{count.confirmed: line.confirmed.sum().over(so_far), count.seen: line.seen.sum().over(so_far)}
    )
    return summed.filter(summed.is_question == 1).select(*keys, "day", count.confirmed, count.seen)


def _line(facts: ir.Table, keys: tuple[str, ...], confirmed: int, seen: int) -> ir.Table:
    """Facts of one kind by group and day."""
    n = facts.group_by(*keys, "day").agg(n=facts.count())
    return n.select(*keys, "day", confirmed=n.n * confirmed, seen=n.n * seen, is_question=ibis.literal(0))
