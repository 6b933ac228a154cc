"""How many disguised brands are found, how many ordinary titles are accused, and how fast.

    python benchmarks/wording/run.py            # writes results.json beside this file

Always runs on fictional brands; also on Flipkart 2016 where ASSAY_DATA names a folder that holds flipkart_2016/.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from tricks import EDITS, TRICKS, initial

from assay.signals.slang import SAID, replica_slang
from assay.signals.spelling import Brand, BrandBook, Usage, brand_book, find, finder, is_target, learned_book, read
from assay.signals.spelling.book import LEAST_DISGUISED, LEAST_NEAR, ORDINARY, letters_of
from assay.signals.spelling.near import near_misses, words_in
from assay.signals.spelling.reading import shape_text
from assay.signals.titles import TitleReader

SEED = 5005
N_FICTIONAL_BRANDS = 830
N_FICTIONAL_TITLES = 20_000
TIMINGS = 7


# An attacked title is (brand, title); a host is (brand, text before its name, text after).
Written = list[tuple[int, str]]
Hosts = list[tuple[int, str, str]]


def main() -> None:
    datasets: dict[str, tuple[list[str], list[str | None]]] = {"fictional": fictional(random.Random(SEED))}
    root = os.environ.get("ASSAY_DATA")
    flipkart = Path(root) / "flipkart_2016" / "products.csv" if root else None
    if flipkart and flipkart.is_file():
        datasets["flipkart_2016"] = ordinary_titles(flipkart)
    results = {"machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"}
    results |= {name: measured(*columns) for name, columns in datasets.items()}
    path = Path(__file__).parent / "results.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in datasets:
        show(name, results[name])


def ordinary_titles(path: Path) -> tuple[list[str], list[str | None]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["product_name"] for row in rows], [row["brand"] or None for row in rows]


def fictional(chance: random.Random) -> tuple[list[str], list[str | None]]:
    """Titles of invented brands: one or two words of syllables, some in camel case, before ordinary words."""
    onsets = [
        "b",
        "br",
        "c",
        "d",
        "dr",
        "f",
        "g",
        "h",
        "j",
        "k",
        "kl",
        "l",
        "m",
        "n",
        "p",
        "r",
        "s",
        "st",
        "t",
        "tr",
        "v",
    ]
    vowels, ends = "aeiou", ["", "n", "r", "x", "l", "s"]

    def word() -> str:
        n_syllables = chance.choice([2, 2, 2, 3, 3])
        return "".join(chance.choice(onsets) + chance.choice(vowels) for _ in range(n_syllables)) + chance.choice(ends)

    brands = []
    for _ in range(N_FICTIONAL_BRANDS):
        shape = chance.random()
        first, second = word().capitalize(), word().capitalize()
        brands.append(first if shape < 0.75 else f"{first} {second}" if shape < 0.9 else first + second)
    ordinary = sorted(w for w in ORDINARY if w.isascii() and len(w) > 2)
    titles, fields = [], []
    for _ in range(N_FICTIONAL_TITLES):
        brand = chance.choice(brands)
        words = [chance.choice(ordinary).capitalize() for _ in range(chance.randint(3, 7))]
        code = f" {chance.choice('ABCDKX')}{chance.randint(10, 9999)}" if chance.random() < 0.4 else ""
        titles.append(f"{brand}{code} {' '.join(words)}")
        fields.append(brand if chance.random() < 0.7 else None)
    return titles, fields


def book_from(titles: Sequence[str], fields: Sequence[str | None]) -> BrandBook:
    return learned_book([Usage(value, n) for value, n in Counter(filter(None, fields)).items()], titles, fields)


def measured(titles: list[str], fields: list[str | None]) -> dict[str, Any]:
    book = book_from(titles, fields)
    return {
        "n_titles": len(titles),
        "n_brands": len(book.brands),
        "n_brands_disguisable": sum(len(shape_text(brand.name)) >= LEAST_DISGUISED for brand in book.brands),
        "false_alarms": false_alarms(book, titles),
        "false_alarms_held_out": held_out(titles, fields),
        "recall": recalls(book, titles),
        "speed": speed(book, titles, fields),
    }


def false_alarms(book: BrandBook, titles: Sequence[str]) -> dict[str, Any]:
    reading = read(titles)
    _, _, disguises = find(reading, finder(book))
    slang = [found for found in replica_slang(titles) if found.value == SAID]
    rule_grade = {found.row for found in disguises} | {found.row for found in slang}
    near = {miss.row for miss in near_misses(reading, words_in(reading), book)}
    return {
        "n_titles": len(titles),
        "rule_grade": len(rule_grade),
        "rule_grade_rate": len(rule_grade) / len(titles),
        "by_trick": dict(Counter(found.trick.name.lower() for found in disguises)),
        "replica": len(slang),
        "near_brand": len(near),
        "near_brand_rate": len(near) / len(titles),
    }


def held_out(titles: list[str], fields: list[str | None]) -> dict[str, Any]:
    """Book and ordinary words from one half of the titles, alarms on the other; equal titles stay in one half."""
    first = [random.Random(title).random() < 0.5 for title in titles]
    book = book_from(
        [t for t, half in zip(titles, first, strict=True) if half],
        [f for f, half in zip(fields, first, strict=True) if half],
    )
    return false_alarms(book, [t for t, half in zip(titles, first, strict=True) if not half])


def recalls(book: BrandBook, titles: Sequence[str]) -> dict[str, Any]:
    """For each trick: how many disguises were written, and the share found with the right brand."""
    hosts = _hosts(book, titles)
    table = {}
    for trick, write in TRICKS.items():
        near = trick in EDITS
        written = _written(book, hosts, write, random.Random(f"{SEED}{trick}"))
        found = _found_near(book, written) if near else _found(book, written)
        table[trick] = {"n": len(written), "recall": _rate(found)}
        if near:
            long = [hit for hit, (index, _) in zip(found, written, strict=True) if _can_be_near(book.brands[index])]
            table[trick] |= {"n_six_letters_one_word": len(long), "recall_six_letters_one_word": _rate(long)}
    table["nickname"] = _nicknames(book, hosts)
    bare = _written(book, hosts, initial, random.Random(SEED))
    table["bare initial (cannot be undone)"] = {"n": len(bare), "recall": _rate(_found(book, bare))}
    table["tricks at 0.98 or more"] = sum(row["recall"] >= 0.98 for row in table.values())
    return table


def _hosts(book: BrandBook, titles: Sequence[str]) -> Hosts:
    """One ordinary title for each brand that can be disguised: brand, and what stands before and after its name."""
    reading = read(titles)
    mentions, _, _ = find(reading, finder(book))
    target = is_target(reading, mentions)
    hosts: dict[int, tuple[int, str, str]] = {}
    for row, brand, start, end, aim in zip(
        *(a.tolist() for a in (mentions.row, mentions.brand, mentions.start, mentions.end, target)), strict=True
    ):
        if brand in hosts or aim or len(shape_text(book.brands[brand].name)) < LEAST_DISGUISED:
            continue
        first = int(reading.starts[row])
        title = titles[row]
        hosts[brand] = (brand, reading.written(first, start), title[len(reading.written(first, end)) :])
    return list(hosts.values())


def _written(book: BrandBook, hosts: Hosts, write: Callable[..., str | None], chance: random.Random) -> Written:
    written = []
    for brand, before, after in hosts:
        name = write(book.brands[brand].name, chance)
        if name is not None and name != book.brands[brand].name:
            written.append((brand, before + name + after))
    return written


def _found(book: BrandBook, written: Written) -> list[bool]:
    _, _, disguises = find(read([title for _, title in written]), finder(book))
    hits = {(found.row, found.brand) for found in disguises}
    return [(row, brand) in hits for row, (brand, _) in enumerate(written)]


def _found_near(book: BrandBook, written: Written) -> list[bool]:
    reading = read([title for _, title in written])
    hits = {(miss.row, miss.brand) for miss in near_misses(reading, words_in(reading), book)}
    return [(row, brand) in hits for row, (brand, _) in enumerate(written)]


def _can_be_near(brand: Brand) -> bool:
    return len(letters_of(brand.name)) >= LEAST_NEAR and brand.name.isascii() and brand.name.isalpha()


def _nicknames(book: BrandBook, hosts: Hosts) -> dict[str, Any]:
    """Every brand gets an invented nickname in the book, which then stands for it in a title: a mere look-up."""
    chance, brands = random.Random(SEED), list(book.brands)
    syllables = ["xi", "ao", "qu", "zhen", "liu", "fei", "tang", "wu"]
    aliases = {}
    for index, brand in enumerate(brands):
        aliases[index] = "".join(chance.choice(syllables) for _ in range(3)) + str(index)
        brands[index] = Brand(brand.name, brand.owner, brand.surfaces, (aliases[index],), brand.is_word)
    named = brand_book(brands, book.vocabulary)
    written = [(brand, before + aliases[brand] + after) for brand, before, after in hosts]
    _, nicknames, _ = find(read([title for _, title in written]), finder(named))
    hits = set(zip(nicknames.row.tolist(), nicknames.brand.tolist(), strict=True))
    return {"n": len(written), "recall": _rate([(row, brand) in hits for row, (brand, _) in enumerate(written)])}


def _rate(found: Sequence[bool]) -> float:
    return round(sum(found) / len(found), 4) if found else float("nan")


def speed(book: BrandBook, titles: list[str], fields: list[str | None]) -> dict[str, Any]:
    """Titles per CPU second of one thread: every trick checked at once, and the whole family of signals."""
    names, reader = finder(book), TitleReader(book)
    attacked = [title for _, title in _attacked(book, titles)]
    nulls = pa.nulls(len(titles), pa.string())
    columns = [pa.array(map(str, range(len(titles)))), pa.array(titles), pa.array(fields, pa.string()), nulls]
    batch = pa.RecordBatch.from_arrays(columns, names=["listing_id", "title", "brand", "description"])

    def tricks(texts: Sequence[str]) -> None:
        reading = read(texts)
        find(reading, names)
        near_misses(reading, words_in(reading), book)

    return {
        "tricks": _per_second(lambda: tricks(titles), len(titles)),
        "tricks_on_attacked_titles": _per_second(lambda: tricks(attacked), len(attacked)),
        "whole_family": _per_second(lambda: reader(batch), len(titles)),
    }


def _attacked(book: BrandBook, titles: Sequence[str]) -> Written:
    hosts = _hosts(book, titles)
    return [pair for name, write in TRICKS.items() for pair in _written(book, hosts, write, random.Random(name))]


def _per_second(work: Callable[[], None], n_titles: int) -> dict[str, int]:
    work()
    seconds = []
    for _ in range(TIMINGS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return {
        "n_titles": n_titles,
        "titles_per_cpu_second_median": round(n_titles / statistics.median(seconds)),
        "titles_per_cpu_second_worst": round(n_titles / max(seconds)),
    }


def show(name: str, result: dict[str, Any]) -> None:
    print(f"\n{name}: {result['n_titles']} ordinary titles, {result['n_brands']} brands")
    for trick, row in result["recall"].items():
        print(f"  {trick:32}", row)
    for part in ("false_alarms", "false_alarms_held_out", "speed"):
        print(f"  {part}", result[part])


if __name__ == "__main__":
    main()
