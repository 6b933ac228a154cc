"""A small result of `assay attacks find` with planted truth, written table by table as its contract says.

Group 1 is planted: 12 core accounts on four narratives (two Chinese, two English) around one event, 5 accounts in its
periphery. Group 2 is a fan drive, group 3 shares one text only. Among the texts are some that try to act.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.attacks.tables import TABLES

START = datetime(2026, 11, 1, tzinfo=UTC)
CORE = [f"core_{i:02d}" for i in range(10)] + ["=cmd|' /C calc'!A0", "<b>core_11</b>"]
PERIPHERY = [f"reader_{i:02d}" for i in range(5)]
SAID = {
    11: ("zh", "这家平台强迫商家二选一，小店主们已经活不下去了，大家都不要再去买了"),
    12: ("zh", "双十一的价格全是先涨后降的把戏，昨天的价格比活动当天还要便宜三成"),
    13: (
        "en",
        "They force every small shop to choose one platform, and nobody at the regulator does anything",
    ),
    14: ("en", "I compared forty prices before and after the sale and most of them went up before they went down"),
}
FAN = "今晚八点一起为偶像打榜，转发这条并写上你最喜欢的一首歌，冲到第一名"
HOSTILE = [
    "They force every small shop to <script>alert('owned')</script> one platform, and nobody at the regulator does it",
    '=HYPERLINK("http://evil.example","They force every small shop to choose one platform") and nobody does anything',
    "They force every small shop \u202eto choose\u200b one platform, ask @core_01 or core_02 or mail a@b.example",
]
CHINESE = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学"
)


def a_run(folder: Path, *, n_background: int = 300, seed: int = 1, **about: Any) -> Path:
    """Writes the run into `folder` and gives its path."""
    rng = np.random.default_rng(seed)
    posts, texts = _planted(rng)
    _add(posts, texts, 3, [f"fan_{i:02d}" for i in range(8)], (21, "zh", FAN), rng)
    for i in range(n_background):
        words = "".join(rng.choice(list(CHINESE), 24)) if i % 2 else " ".join(rng.permutation(WORDS.split())[:12])
        _post(posts, texts, f"ordinary_{i % 200:03d}", words, START + timedelta(hours=float(rng.uniform(0, 480))), None)
    tables = {"posts": posts, "texts": _text_rows(posts, texts), **_found(posts)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / name).mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=TABLES.get(name)), folder / name / "part-0.parquet")
    known = {
        "snapshot_id": "0123456789abcdef",
        "as_of": "2026-12-01T00:00:00+00:00",
        "seed": 7,
        "settings": {"near_similarity": 0.5, "fewest_shingles": 8},
        "inputs": {"market/posts.parquet": "ab" * 32},
        "versions": {"assay": "0.1.0", "numpy": "2.0"},
        "counts": {"posts": len(posts), "set_aside": {"short": 12, "forward": 3}},
        "command": "assay attacks find market --out run --events events.csv",
        "not_computed": {"signs": "needs accounts.registered_at"},
    }
    (folder / "run.json").write_text(json.dumps(known | about), encoding="utf-8")
    return folder


WORDS = (
    "the train was late again and my coffee went cold while a dog slept under every bench near our station "
    "this morning before rain came over green hills where children played football until their mother called them"
)


def _planted(rng: np.random.Generator) -> tuple[list[dict[str, Any]], dict[str, int]]:
    posts: list[dict[str, Any]] = []
    texts: dict[str, int] = {}
    for narrative, (language, text) in SAID.items():
        accounts = CORE if narrative != 14 else CORE[:7]
        _add(posts, texts, 10, accounts, (narrative, language, text), rng)
    for i, account in enumerate(PERIPHERY):
        _post(posts, texts, account, SAID[11][1], START + timedelta(days=8, hours=i), (11, 1.0, "same"))
    for i, text in enumerate((*HOSTILE, HOSTILE[0])):
        _post(posts, texts, CORE[10 + i % 2], text, START + timedelta(days=9, hours=i), (13, 0.62, "near"))
    return posts, texts


def _add(posts: Any, texts: Any, day: int, accounts: list[str], said: tuple[int, str, str], rng: Any):
    """One post of the narrative by every account: a third as it is, the others with some words changed."""
    narrative, language, text = said
    for i, account in enumerate(accounts):
        wording = text if i % 3 == 0 else _edited(text, language, rng)
        moment = START + timedelta(days=day, minutes=float(rng.normal(0, 900)))
        _post(posts, texts, account, wording, moment, (narrative, 1.0 if wording == text else 0.71, "near"))


def _edited(text: str, language: str, rng: np.random.Generator) -> str:
    units = list(text) if language == "zh" else text.split(" ")
    for place in rng.choice(len(units), max(1, len(units) // 12), replace=False):
        units[place] = str(rng.choice(list(CHINESE))) if language == "zh" else str(rng.choice(WORDS.split()))
    return ("" if language == "zh" else " ").join(units)


def _post(posts: Any, texts: Any, account: str, text: str, moment: datetime, found: tuple[int, float, str] | None):
    key = texts.setdefault(text, 1_000 + len(texts))
    narrative, similarity, stage = found or (None, None, None)
    posts.append(
        {
            "post_id": f"P{len(posts):05d}",
            "account_id": account,
            "posted_at": moment,
            "text_key": key,
            "narrative": narrative,
            "cluster": narrative,
            "similarity": similarity,
            "coverage": None if narrative is None else 0.9,
            "stage": stage,
        }
    )


def _text_rows(posts: list[dict[str, Any]], texts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "text_key": key,
            "text": text,
            "n_posts": len(same := [p for p in posts if p["text_key"] == key]),
            "n_accounts": len({p["account_id"] for p in same}),
            "first_at": min(p["posted_at"] for p in same),
            "narrative": same[0]["narrative"],
            "is_centre": False,
        }
        for text, key in texts.items()
    ]


def _found(posts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups = {1: ([11, 12, 13, 14], "named", 0.0004), 2: ([21], "explained", 0.02), 3: ([], "listed", None)}
    named = {1: "G-ABCDE", 2: "G-FANS2", 3: "G-EMPTY"}
    narratives = [_narrative(posts, n, g) for g, (ids, _, _) in groups.items() for n in ids]
    members = [m for g, (ids, _, _) in groups.items() for m in _members(posts, g, ids)]
    return {
        "narratives": narratives,
        "members": members,
        "groups": [
            {
                "group": g,
                "name": named[g],
                "n_core": sum(m["role"] == "core" for m in members if m["group"] == g),
                "n_periphery": sum(m["role"] == "periphery" for m in members if m["group"] == g),
                "n_narratives": len(ids),
                "n_posts": sum(p["narrative"] in ids for p in posts),
                "first_at": min((p["posted_at"] for p in posts if p["narrative"] in ids), default=START),
                "last_at": max((p["posted_at"] for p in posts if p["narrative"] in ids), default=START),
                "status": status,
                "error_rate": q,
            }
            for g, (ids, status, q) in groups.items()
        ],
        "templates": [
            {
                "text_key": 5,
                "text": "推荐 @某人 的微博，快来看看",
                "n_accounts": 80,
                "n_posts": 95,
                "reason": "share button",
            }
        ],
        "overlaps": _overlaps(posts),
        "recurrences": [
            {
                "group": 1,
                "left_event": "nothing",
                "right_event": "singles-day",
                "n_shared": 4,
                "expected": 0.1,
                "p": 1e-5,
                "q": 1e-4,
            }
        ],
        **_tests(),
    }


def _narrative(posts: list[dict[str, Any]], narrative: int, group: int) -> dict[str, Any]:
    mine = [p for p in posts if p["narrative"] == narrative]
    language, text = SAID.get(narrative, ("zh", FAN))
    accounts = {p["account_id"] for p in mine}
    return {
        "narrative": narrative,
        "group": group,
        "centre_key": mine[0]["text_key"],
        "central_text": text,
        "terms": ["二选一", "平台"] if language == "zh" else ["platform", "@core_03"],
        "language": language,
        "n_posts": len(mine),
        "n_accounts": len(accounts),
        "n_texts": len({p["text_key"] for p in mine}),
        "first_at": min(p["posted_at"] for p in mine),
        "last_at": max(p["posted_at"] for p in mine),
        "reuse_observed": len(accounts),
        "reuse_expected": 1.3,
        "reuse_p": 1e-7,
        "reuse_q": 2e-6,
    }


def _members(posts: list[dict[str, Any]], group: int, narratives: list[int]) -> list[dict[str, Any]]:
    rows = []
    for account in dict.fromkeys(p["account_id"] for p in posts if p["narrative"] in narratives):
        mine = [p for p in posts if p["account_id"] == account and p["narrative"] in narratives]
        n = len({p["narrative"] for p in mine})
        rows.append(
            {
                "group": group,
                "account_id": account,
                "role": "core" if n > 1 or group == 2 else "periphery",
                "n_posts": len(mine),
                "n_narratives": n,
                "n_other_posts": 3,
                "first_at": min(p["posted_at"] for p in mine),
                "last_at": max(p["posted_at"] for p in mine),
            }
        )
    return rows


def _overlaps(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    writers = {n: {p["account_id"] for p in posts if p["narrative"] == n} for n in SAID}
    pairs = [(a, b) for a in SAID for b in SAID if a < b]
    return [
        {
            "left_narrative": a,
            "right_narrative": b,
            "n_shared": len(writers[a] & writers[b]),
            "expected": 0.4,
            "p": 1e-9,
            "q": 4e-4 if b == 14 else 1e-8,
            "is_validated": True,
        }
        for a, b in pairs
    ]


def _tests() -> dict[str, list[dict[str, Any]]]:
    synchrony = (
        ("synchrony_10min", 14.0, 2.1, 1.4),
        ("synchrony_1h", 61.0, 13.0, 3.2),
        ("synchrony_24h", 402, 390, 12),
    )
    events = (("singles-day", "Singles' Day", 10, 12, 6.1, 0.001), ("nothing", "Ordinary Tuesday <i>", 2, 3, 0.4, 0.8))
    explanations = (
        ("fan_drive", "does not fit", "0 of 12 core accounts name a star; in fan drives 8 of 10 do."),
        ("prize_draw", "does not fit", "0 of 4 narratives promise a prize; a draw does."),
        ("shared_failure", "not checked", "needs posts.target"),
    )
    return {
        "timing": [
            {
                "group": 1,
                "test": test,
                "observed": float(seen),
                "null_mean": float(mean),
                "null_sd": float(sd),
                "n_shuffles": 200,
                "p": 1 / 201,
                "q": 0.01,
            }
            for test, seen, mean, sd in synchrony
        ],
        "calendar": [
            {
                "group": 1,
                "event_id": event,
                "name": name,
                "starts_at": START + timedelta(days=first),
                "ends_at": START + timedelta(days=last),
                "observed": 30,
                "expected": 5.0,
                "ratio": ratio,
                "low": ratio / 2,
                "high": ratio * 2,
                "p": p,
                "q": p * 2,
            }
            for event, name, first, last, ratio, p in events
        ],
        "explanations": [
            {"group": g, "code": code, "result": "fits" if g == 2 and code == "fan_drive" else result, "figure": figure}
            for g in (1, 2)
            for code, result, figure in explanations
        ],
        "style": [
            {
                "group": 1,
                "statistic": "character 4-grams",
                "observed": 0.31,
                "null_mean": 0.22,
                "null_sd": 0.02,
                "p": 0.005,
                "n_accounts": 12,
                "n_posts": 40,
                "refused": None,
            },
            {
                "group": 1,
                "statistic": "pairwise likelihood ratio",
                "observed": None,
                "null_mean": None,
                "null_sd": None,
                "p": None,
                "n_accounts": 12,
                "n_posts": 40,
                "refused": "4 posts a side after copies are taken out; 25 are needed",
            },
        ],
        "signs": [
            {"account_id": account, "group": 1, "age_days": None, "n_posts": 7, "copied_rate": 0.55, "woke_with": 9}
            for account in CORE
        ],
        "signs_usual": [
            {"sign": "copied_rate", "least_posts": 6, "n_accounts": 90, "low": 0.0, "middle": 0.1, "high": 0.4}
        ],
    }
