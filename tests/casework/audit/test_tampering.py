"""Ten thousand random mutations of logs, by somebody who can write the database: every one is noticed.

After a mutation the tamperer covers it up: not at all, by taking the leaf hashes again, also the head, and also all
checkpoints with another key. Where he drops checkpoints or has the log's own key, the mutation lies within what the
checkpoint held outside covers: what follows it is the limit that the documentation names.
"""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

from tests.casework.audit.logs import KEY, OTHER_KEY, Log, checkpoint, event, frontier_of, log, stored

SEED = 20260102
N_MUTATIONS, N_LOGS = 10_000, 40
TEXTS = ("actor", "actor_role", "action", "subject_type", "subject_id", "reason")
COVERS = ("none", "leaves", "numbers", "head", "foreign", "dropped", "own key")


@dataclass(frozen=True)
class Subject:
    """A log as it was written, and the checkpoint of its first `reach` events that is held outside."""

    log: Log
    reach: int
    held: str


def subject(rng, size):
    reach = rng.randrange(1, size + 1)
    whole = log(size, sorted({rng.randrange(1, size + 1), rng.randrange(1, size + 1), size}))
    return Subject(whole, reach, checkpoint(whole.rows, reach))


def other_text(text, rng):
    """The text with one character changed, added or left out."""
    place, letter = rng.randrange(len(text)), rng.choice("abcxyz09 é仿")
    before, after = text[:place], text[place + 1 :]
    return rng.choice([before + after, before + letter + text[place:], before + letter + after])


def changed(row, **given):
    return replace(row, content=replace(row.content, **given))


def change_text(rows, place, _reach, rng):
    name = rng.choice(TEXTS)
    rows[place] = changed(rows[place], **{name: other_text(getattr(rows[place].content, name), rng)})


def change_state(rows, place, _reach, rng):
    name = rng.choice(["before", "after"])
    old = getattr(rows[place].content, name)
    state = rng.choice([None, {}, {"state": "closed"}, {**old, "more": rng.random()}, {**old, "state": [old["state"]]}])
    rows[place] = changed(rows[place], **{name: state})


def change_time(rows, place, _reach, rng):
    moved = timedelta(microseconds=rng.choice([-1, 1]) * 10 ** rng.randrange(12))
    rows[place] = changed(rows[place], at=rows[place].content.at + moved)


def back_date(rows, place, _reach, rng):
    """An event set before earlier ones, with the time of the first of them: the times stay in order."""
    earlier = rng.randrange(place + 1)
    if earlier == place:
        return change_time(rows, place, _reach, rng)
    at = rows[earlier].content.at
    rows.insert(earlier, changed(rows.pop(place), at=at))


def change_leaf(rows, place, _reach, rng):
    leaf = bytearray(rows[place].leaf_hash)
    leaf[rng.randrange(32)] ^= 1 << rng.randrange(8)
    rows[place] = replace(rows[place], leaf_hash=bytes(leaf))


def remove(rows, place, _reach, rng):
    del rows[place : place + rng.choice([1, 1, 1, 2, 5])]


def insert(rows, place, _reach, rng):
    rows.insert(place, stored(event(place + 1, at=rows[place].content.at, actor=f"u{rng.randrange(99)}x")))


def duplicate(rows, place, reach, rng):
    """A row that stands twice; twice at the very end would be one more event, which a log may have."""
    if place == reach - 1:
        return insert(rows, place, reach, rng)
    rows.insert(rng.randrange(place, reach), rows[place])


def swap(rows, place, reach, rng):
    other = rng.randrange(reach)
    rows[place], rows[other] = rows[other], rows[place]


def truncate(rows, place, _reach, _rng):
    del rows[place:]


MUTATIONS = (
    *(change_text, change_state, change_time, back_date, change_leaf),
    *(remove, insert, duplicate, swap, truncate),
)


def rehashed(rows, whole, *, renumbered):
    """Rows with their hashes taken again, and numbered again where asked."""
    made = []
    for n, row in enumerate(rows, start=1):
        seq = n if renumbered else row.seq
        old = whole.rows[seq - 1] if seq <= len(whole.rows) else None
        same = old is not None and row.content is old.content
        made.append(old if same else stored(replace(row.content, seq=seq)))
    return made


def mutated_rows(of, rng):
    mutation, cover = rng.choice(MUTATIONS), rng.choice(COVERS)
    reach = of.reach if cover in ("dropped", "own key") else len(of.log.rows)
    rows = list(of.log.rows)
    mutation(rows, rng.randrange(reach), reach, rng)
    if cover != "none":
        rows = rehashed(rows, of.log, renumbered=cover != "leaves")
    made = of.log.with_rows(rows)
    if made == of.log:
        return made, ()
    if cover in ("head", "foreign", "dropped", "own key"):
        made = replace(made, head=frontier_of(rows).to_json())
    if cover == "dropped":
        made = replace(made, checkpoints=of.log.checkpoints[: rng.randrange(len(of.log.checkpoints))])
    if cover in ("foreign", "own key") and rows:
        made = replace(made, checkpoints=(checkpoint(rows, len(rows), KEY if cover == "own key" else OTHER_KEY),))
    return made, (mutation.__name__, cover)


def mutated_head(of, rng):
    shorter = frontier_of(of.log.rows[: rng.randrange(len(of.log.rows))]).to_json()
    return replace(of.log, head=rng.choice([shorter, other_text(of.log.head, rng)])), ("head",)


def mutated_checkpoint(of, rng):
    notes = list(of.log.checkpoints)
    place = rng.randrange(len(notes))
    text, _, _ = notes[place].rpartition("\n— ")
    _, dash, signature = rng.choice(notes).rpartition("\n— ")
    foreign = checkpoint(of.log.rows, len(of.log.rows), OTHER_KEY)
    notes[place] = rng.choice([other_text(notes[place], rng), text + dash + signature, foreign])
    return replace(of.log, checkpoints=tuple(notes)), ("checkpoint",)


def mutation(of, rng):
    """A log that is not byte for byte the one that was written, and how it was made."""
    while True:
        make = rng.choices([mutated_rows, mutated_head, mutated_checkpoint], weights=[18, 1, 1])[0]
        made, how = make(of, rng)
        if made != of.log:
            return made, how


def test_every_one_of_ten_thousand_mutations_is_noticed():
    rng = random.Random(SEED)
    unnoticed, ways = [], set()
    for number in range(N_LOGS):
        of = subject(rng, size=round(300 ** ((number + 1) / N_LOGS)))
        assert of.log.fault(of.held) is None
        for _ in range(N_MUTATIONS // N_LOGS):
            made, how = mutation(of, rng)
            ways.add(how)
            if made.fault(of.held) is None:
                unnoticed.append((len(of.log.rows), of.reach, how))
    assert not unnoticed
    # Every mutation met every way of covering it up; taking a changed leaf hash again only undoes it.
    assert len(ways) == len(MUTATIONS) * len(COVERS) - (len(COVERS) - 1) + len({"head", "checkpoint"})
