"""Ten thousand random mutations of a log, by somebody who can write the database: every one is noticed.

After a mutation the tamperer covers it up: not at all, by taking the leaf hashes again, also the head, and also all
checkpoints with another key. Where he drops checkpoints or has the log's own key, the mutation lies within what the
checkpoint held outside covers: what follows it is the limit that the documentation names.
"""

import random
from dataclasses import replace
from datetime import timedelta

from tests.casework.audit.logs import KEY, OTHER_KEY, checkpoint, event, frontier_of, log, stored

SEED = 20260102
N_MUTATIONS = 10_000
SIZE, HELD_SIZE, SEALED = 200, 160, (40, 80, 120, 160, 200)
WHOLE = log(SIZE, SEALED)
HELD = checkpoint(WHOLE.rows, HELD_SIZE)
TEXTS = ("actor", "actor_role", "action", "subject_type", "subject_id", "reason")


def other_text(text, rng):
    """The text with one character changed, added or left out."""
    place, letter = rng.randrange(len(text)), rng.choice("abcxyz09 é仿")
    return rng.choice(
        [
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + letter + text[place + 1 :],
        ]
    )


def change_text(rows, place, rng):
    name = rng.choice(TEXTS)
    record = rows[place].content
    rows[place] = replace(rows[place], content=replace(record, **{name: other_text(getattr(record, name), rng)}))


def change_state(rows, place, rng):
    name = rng.choice(["before", "after"])
    state = rng.choice([None, {}, {"state": "closed"}, {**getattr(rows[place].content, name), "more": rng.random()}])
    rows[place] = replace(rows[place], content=replace(rows[place].content, **{name: state}))


def change_time(rows, place, rng):
    at = rows[place].content.at + timedelta(microseconds=rng.choice([-1, 1]) * 10 ** rng.randrange(12))
    rows[place] = replace(rows[place], content=replace(rows[place].content, at=at))


def back_date(rows, place, rng):
    """An event set before earlier ones, all after it moved down: the order of times stays as it should be."""
    moved = rows.pop(place)
    earlier = rng.randrange(place + 1)
    at = rows[earlier].content.at
    rows.insert(earlier, replace(moved, content=replace(moved.content, at=at)))
    if earlier == place:
        change_time(rows, place, rng)


def change_leaf(rows, place, rng):
    leaf = bytearray(rows[place].leaf_hash)
    leaf[rng.randrange(32)] ^= 1 << rng.randrange(8)
    rows[place] = replace(rows[place], leaf_hash=bytes(leaf))


def remove(rows, place, rng):
    del rows[place : place + rng.choice([1, 1, 1, 2, 5])]


def insert(rows, place, rng):
    at = rows[place].content.at
    rows.insert(place, stored(event(place + 1, at=at, actor=f"u{rng.randrange(99)}x")))


def duplicate(rows, place, rng):
    rows.insert(rng.randrange(place, max(place + 1, HELD_SIZE)), rows[place])


def swap(rows, place, rng):
    other = rng.choice([i for i in range(HELD_SIZE) if i != place])
    rows[place], rows[other] = rows[other], rows[place]


def truncate(rows, place, rng):
    del rows[place:]


ROW_MUTATIONS = (
    *(change_text, change_state, change_time, back_date, change_leaf),
    *(remove, insert, duplicate, swap, truncate),
)
COVERS = ("none", "leaves", "numbers", "head", "foreign", "dropped", "own key")


def numbered(rows, *, again):
    """Rows with their hashes taken again, and numbered again where asked; untouched rows are left as they are."""
    made = []
    for n, row in enumerate(rows, start=1):
        seq = n if again else row.seq
        old = WHOLE.rows[seq - 1] if seq <= SIZE else None
        if old is not None and row.content is old.content and row.seq == seq:
            made.append(old)
        else:
            made.append(stored(replace(row.content, seq=seq)))
    return made


def mutated_rows(rng):
    mutation = rng.choice(ROW_MUTATIONS)
    cover = rng.choice(COVERS)
    reach = HELD_SIZE if cover in ("dropped", "own key") else SIZE
    rows = list(WHOLE.rows)
    mutation(rows, rng.randrange(reach), rng)
    if cover == "none":
        return WHOLE.with_rows(rows), (mutation, cover)
    rows = numbered(rows, again=cover != "leaves")
    changed = WHOLE.with_rows(rows)
    if changed == WHOLE:
        return WHOLE, ()
    if cover in ("head", "foreign", "dropped", "own key"):
        changed = replace(changed, head=frontier_of(rows).to_json())
    if cover == "dropped":
        changed = replace(changed, checkpoints=WHOLE.checkpoints[: rng.randrange(len(SEALED))])
    if cover in ("foreign", "own key"):
        changed = replace(changed, checkpoints=resealed(rows, KEY if cover == "own key" else OTHER_KEY))
    return changed, (mutation, cover)


def resealed(rows, key):
    return tuple(checkpoint(rows, size, key) for size in (len(rows) // 2, len(rows)) if size)


def mutated_head(rng):
    head = frontier_of(WHOLE.rows[: rng.randrange(SIZE)]).to_json()
    return replace(WHOLE, head=rng.choice([head, other_text(WHOLE.head, rng)])), ("head",)


def mutated_checkpoint(rng):
    notes = list(WHOLE.checkpoints)
    place = rng.randrange(len(notes))
    other = notes[rng.randrange(len(notes))].rpartition("\n— ")
    own = notes[place].rpartition("\n— ")
    spliced = own[0] + "\n— " + other[2]
    notes[place] = rng.choice(
        [other_text(notes[place], rng), spliced, checkpoint(WHOLE.rows, SEALED[place], OTHER_KEY)]
    )
    return replace(WHOLE, checkpoints=tuple(notes)), ("checkpoint",)


def mutation(rng):
    """One log that is not byte for byte the one that was written, and how it was made."""
    while True:
        make = rng.choices([mutated_rows, mutated_head, mutated_checkpoint], weights=[18, 1, 1])[0]
        changed, how = make(rng)
        if changed != WHOLE:
            return changed, how


def test_every_one_of_ten_thousand_mutations_is_noticed():
    assert WHOLE.checked(held=HELD).sound
    rng = random.Random(SEED)
    unnoticed, made = [], set()
    for n in range(N_MUTATIONS):
        changed, how = mutation(rng)
        made.add(how)
        if changed.checked(held=HELD).sound:
            unnoticed.append((n, how))
    assert not unnoticed
    # Every mutation met every way of covering it up; taking a changed leaf hash again only undoes it.
    assert len(made) == len(ROW_MUTATIONS) * len(COVERS) - 6 + len({"head", "checkpoint"})
