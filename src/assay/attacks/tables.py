"""The tables that a search writes: names, columns, types."""

from __future__ import annotations

import pyarrow as pa

from assay.attacks.signs import SIGNS_SCHEMA, USUAL_SCHEMA

_TIME = pa.timestamp("us", "UTC")
_I, _S, _F, _B = pa.int64(), pa.string(), pa.float64(), pa.bool_()

POSTS = pa.schema(
    [
        ("post_id", _S),
        ("account_id", _S),
        ("posted_at", _TIME),
        ("text_key", _I),
        ("narrative", _I),
        ("cluster", _I),
        ("similarity", _F),
        ("coverage", _F),
        ("stage", _S),
    ]
)
TEXTS = pa.schema(
    [
        ("text_key", _I),
        ("text", _S),
        ("n_posts", _I),
        ("n_accounts", _I),
        ("first_at", _TIME),
        ("narrative", _I),
        ("is_centre", _B),
    ]
)
TEMPLATES = pa.schema([("text_key", _I), ("text", _S), ("n_accounts", _I), ("n_posts", _I), ("reason", _S)])
NARRATIVES = pa.schema(
    [
        ("narrative", _I),
        ("group", _I),
        ("centre_key", _I),
        ("central_text", _S),
        ("terms", pa.list_(_S)),
        ("language", _S),
        ("n_posts", _I),
        ("n_accounts", _I),
        ("n_texts", _I),
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("reuse_observed", _I),
        ("reuse_expected", _F),
        ("reuse_p", _F),
        ("reuse_q", _F),
    ]
)
OVERLAPS = pa.schema(
    [
        ("left_narrative", _I),
        ("right_narrative", _I),
        ("n_shared", _I),
        ("expected", _F),
        ("p", _F),
        ("q", _F),
        ("is_validated", _B),
    ]
)
GROUPS = pa.schema(
    [
        ("group", _I),
        ("name", _S),
        ("n_core", _I),
        ("n_periphery", _I),
        ("n_narratives", _I),
        ("n_posts", _I),
        ("first_at", _TIME),
        ("last_at", _TIME),
        ("status", _S),
        ("error_rate", _F),
    ]
)
MEMBERS = pa.schema(
    [
        ("group", _I),
        ("account_id", _S),
        ("role", _S),
        ("n_posts", _I),
        ("n_narratives", _I),
        ("n_other_posts", _I),
        ("first_at", _TIME),
        ("last_at", _TIME),
    ]
)
TIMING = pa.schema(
    [
        ("group", _I),
        ("test", _S),
        ("observed", _F),
        ("null_mean", _F),
        ("null_sd", _F),
        ("n_shuffles", _I),
        ("p", _F),
        ("q", _F),
        ("why_not", _S),
    ]
)
CALENDAR = pa.schema(
    [
        ("group", _I),
        ("event_id", _S),
        ("name", _S),
        ("starts_at", _TIME),
        ("ends_at", _TIME),
        ("observed", _I),
        ("expected", _F),
        ("ratio", _F),
        ("low", _F),
        ("high", _F),
        ("n_as_hot", _I),
        ("n_shifted", _I),
        ("p", _F),
        ("q", _F),
    ]
)
RECURRENCES = pa.schema(
    [
        ("group", _I),
        ("left_event", _S),
        ("right_event", _S),
        ("n_shared", _I),
        ("expected", _F),
        ("p", _F),
        ("q", _F),
    ]
)
EXPLANATIONS = pa.schema([("group", _I), ("code", _S), ("result", _S), ("figure", _S)])
STYLE = pa.schema(
    [
        ("group", _I),
        ("statistic", _S),
        ("observed", _F),
        ("null_mean", _F),
        ("null_sd", _F),
        ("p", _F),
        ("n_accounts", _I),
        ("n_posts", _I),
        ("refused", _S),
    ]
)
# Whom a group's posts name as their target; `n_posts_of_all` are posts of anybody about it.
TARGETS = pa.schema([("group", _I), ("target", _S), ("n_posts", _I), ("n_accounts", _I), ("n_posts_of_all", _I)])

TABLES: dict[str, pa.Schema] = {
    "posts": POSTS,
    "texts": TEXTS,
    "templates": TEMPLATES,
    "narratives": NARRATIVES,
    "overlaps": OVERLAPS,
    "groups": GROUPS,
    "members": MEMBERS,
    "timing": TIMING,
    "calendar": CALENDAR,
    "recurrences": RECURRENCES,
    "explanations": EXPLANATIONS,
    "style": STYLE,
    "signs": SIGNS_SCHEMA,
    "signs_usual": USUAL_SCHEMA,
    "targets": TARGETS,
}
