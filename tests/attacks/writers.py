"""Invented writers: everybody tells of the same things, each in a manner of their own."""

from __future__ import annotations

import numpy as np

_THINGS = (
    "parcel train ticket garden kettle window engine letter market bicycle lamp river coat oven piano bridge school "
    "ladder harbour jacket mirror shelf tunnel carpet basket candle hammer blanket orchard compass"
)
_VERBS = "found moved painted bought opened carried repaired counted measured noticed borrowed returned"
_OPENERS = ("well", "so", "and", "actually", "today", "look", "i think", "they say", "you know", "again")
_CLOSERS = ("", "really", "for now", "in the end", "i guess", "as ever", "with them", "too", "at last", "by the way")
_MARKS = (".", "!", "!!", "...", "?!", "", " :)", "~", " [smile]", ";")


def writer(rng: np.random.Generator, n_posts: int, subject: str = "") -> list[str]:
    """Posts of one writer with habits drawn for the occasion; no two writers share them."""
    openers, closers, marks = (rng.dirichlet(np.full(10, 0.35)) for _ in range(3))
    shouts, lower = rng.beta(0.4, 2.0), rng.beta(0.5, 0.5)
    posts = []
    for _ in range(n_posts):
        things = rng.choice(_THINGS.split(), 3, replace=False)
        words = [
            rng.choice(_OPENERS, p=openers),
            "we",
            rng.choice(_VERBS.split()),
            "the",
            things[0],
            "and",
            "the",
            things[1],
        ]
        words += ["near the", str(things[2]), subject, rng.choice(_CLOSERS, p=closers)]
        text = " ".join(str(word) for word in words if word)
        text = text.upper() if rng.random() < shouts else text
        text = text if rng.random() < lower else text[0].upper() + text[1:]
        posts.append(text + str(rng.choice(_MARKS, p=marks)))
    return posts


def nobody(rng: np.random.Generator, n_posts: int) -> list[str]:
    """Posts without a manner: every post is a new writer's, so that accounts are exchangeable."""
    return [writer(rng, 1)[0] for _ in range(n_posts)]
