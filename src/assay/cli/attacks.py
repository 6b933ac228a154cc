"""`assay attacks`: which accounts act together, what they say, how surely, and on what evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.attacks.settings import AttackSettings
from assay.cli.console import (
    EngineUrl,
    Json,
    Memory,
    Workers,
    out,
    plain,
    progress_bar,
    say_grid,
    say_json,
    say_table,
    settings,
)
from assay.pipeline.attacks import find_attacks, words
from assay.pipeline.attacks.findings import Findings, GroupRows, group_rows, open_findings
from assay.pipeline.attacks.gathering import group_card
from assay.pipeline.attacks.packs import pack_attack, report_attacks
from assay.pipeline.attacks.watching import WatchedDay, watch_attacks
from assay.publishing.attack_content import GroupCard, Layer
from assay.publishing.attack_page import chance, day, figure

# Rows of a long table that still fit a screen; --json has all.
_MOST_ROWS = 12
_TEXT_SHOWN = 160
_NOT_SAID = (
    "Acting together is not the same as lying, and being negative is no evidence of either. Whether what they say is "
    "true, and whether it is hostile, is for a person to find out."
)

attacks_group = typer.Typer(
    help="Finds accounts that act together in posts or reviews, and shows the evidence.", no_args_is_help=True
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder from `assay attacks find`.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the program."""
    app.add_typer(attacks_group, name="attacks")


Events = Annotated[
    Path | None, typer.Option(help="File or market with the calendar: event_id, name, starts_at, ends_at.")
]
TableName = Annotated[str, typer.Option("--table", help="The table read as posts: posts or reviews.")]
Reviews = Annotated[bool, typer.Option("--reviews", help="Short for --table reviews.")]
MostQ = Annotated[float, typer.Option(help="False-discovery rate at which two texts are called tied.")]
LeastCore = Annotated[int, typer.Option(help="Fewest core accounts of a group that is listed.")]
Shuffles = Annotated[int, typer.Option(help="Shuffled clocks behind every figure of timing.")]
KeepTemplates = Annotated[
    bool, typer.Option("--keep-templates", help="Search share buttons and stock texts too, instead of listing them.")
]
Seed = Annotated[int, typer.Option(help="Same posts, settings and seed, same result.")]
PostsPath = Annotated[
    Path,
    typer.Argument(metavar="POSTS|MARKET", help="Market folder, or a file with post_id, account_id, posted_at, text."),
]
_DEFAULT = AttackSettings()


@attacks_group.command("find", epilog="Example: `assay attacks find market --out run --events events.csv`")
def find(
    posts: PostsPath,
    to: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    events: Events = None,
    table: TableName = _DEFAULT.table,
    reviews: Reviews = False,
    most_q: MostQ = _DEFAULT.most_q,
    least_core: LeastCore = _DEFAULT.least_core,
    n_shuffles: Shuffles = _DEFAULT.n_shuffles,
    keep_templates: KeepTemplates = False,
    seed: Seed = _DEFAULT.seed,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Finds groups of accounts that post the same texts together more than chance allows."""
    asked = AttackSettings(
        most_q=most_q,
        least_core=least_core,
        n_shuffles=n_shuffles,
        keep_templates=keep_templates,
        table="reviews" if reviews else table,
        seed=seed,
    )
    with progress_bar(quiet=json) as follow:
        limits = settings(memory, workers, follow)
        run = find_attacks(posts, to, settings=asked, events=events, engine=engine, engine_settings=limits)
    found = open_findings(run.folder)
    if json:
        _show_all(found, as_json=True)
        return
    say_findings(found)
    _say_next(found)


def _say_next(found: Findings) -> None:
    groups = found.groups()
    if groups:
        out.print(plain(f"Next: assay attacks show {found.folder} {groups[0]['name']}"))
    out.print(plain(f"Next: assay attacks report {found.folder} --out attacks.html"))


@attacks_group.command("watch", epilog="Example: `assay attacks watch today.csv --state watch`")
def watch(
    posts: PostsPath,
    state: Annotated[Path, typer.Option(help="Folder that keeps what is known; STATE/run is the result so far.")],
    events: Events = None,
    table: TableName = _DEFAULT.table,
    reviews: Reviews = False,
    most_q: MostQ = _DEFAULT.most_q,
    least_core: LeastCore = _DEFAULT.least_core,
    n_shuffles: Shuffles = _DEFAULT.n_shuffles,
    keep_templates: KeepTemplates = False,
    seed: Seed = _DEFAULT.seed,
    engine: EngineUrl = None,
    memory: Memory = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Takes the posts that are new since the last time and says which groups are new or grew; names stay."""
    asked = AttackSettings(
        most_q=most_q,
        least_core=least_core,
        n_shuffles=n_shuffles,
        keep_templates=keep_templates,
        table="reviews" if reviews else table,
        seed=seed,
    )
    with progress_bar(quiet=json) as follow:
        limits = settings(memory, workers, follow)
        day = watch_attacks(posts, state, settings=asked, events=events, engine=engine, engine_settings=limits)
    if json:
        say_json(day)
        return
    _say_day(day)


def _say_day(day: WatchedDay) -> None:
    if not day.n_posts:
        out.print(f"No post is new; {day.n_posts_so_far:,} are known. Nothing was changed.")
        return
    of_all = f"{day.n_posts:,} new posts of {day.n_posts_so_far:,}"
    out.print(f"Day {day.day}: {of_all}; {day.n_sketched:,} new texts were compared.")
    for each in day.changes:
        before = "new" if not each.n_core_before else f"{each.n_core_before:,} before"
        out.print(plain(f"Group {each.name}: {each.n_core:,} core accounts ({before}), {each.n_posts:,} posts."))
    for name, into in day.merged:
        out.print(plain(f"Group {name} is now part of {into}."))
    if not day.changes:
        out.print("No group is new and none grew.")
    out.print(plain(f"Next: assay attacks show {day.run}"))


@attacks_group.command("show", epilog="Example: `assay attacks show run G-ABCDE`")
def show(
    run: RunFolder,
    group: Annotated[str | None, typer.Argument(help="Name or number of a group; without it all are listed.")] = None,
    table: Annotated[
        str | None, typer.Option(help="Print the rows behind a figure: narratives, overlaps, timing, members, ...")
    ] = None,
    json: Json = False,
) -> None:
    """Shows the groups of a run, or one of them: core, narratives, layers of evidence, innocent explanations."""
    found = open_findings(run)
    if group is None:
        _show_all(found, as_json=json)
        return
    rows = group_rows(found, group)
    tables = rows.tables()
    if table is not None:
        rows.require_table(table)
        say_json(tables[table]) if json else _say_rows(tables[table])
        return
    if json:
        say_json({"claim": words.claim(rows.group, words.explained_by(rows)), **tables})
        return
    _show_group(found, rows)


def _show_all(found: Findings, *, as_json: bool) -> None:
    groups = found.groups()
    if as_json:
        say_json({"run": found.folder, "summary": words.summary(groups, found.n_explanations), "groups": groups})
        return
    say_findings(found)


def say_findings(found: Findings) -> None:
    """What a search found, in a few lines; never more than that accounts act together."""
    groups = found.groups()
    out.print(plain(words.summary(groups, found.n_explanations)))
    if groups:
        rows = [
            [
                str(g["name"]),
                g["status"],
                *(f"{g[name]:,}" for name in ("n_core", "n_periphery", "n_narratives", "n_posts")),
                chance(g["error_rate"]),
                _span(g),
            ]
            for g in groups[:_MOST_ROWS]
        ]
        head = ["group", "status", "core", "periphery", "texts", "posts", "q", "from, to"]
        say_table("", head, rows, frozenset({2, 3, 4, 5, 6}))
        if len(groups) > _MOST_ROWS:
            out.print(f"{len(groups) - _MOST_ROWS:,} more groups; --json has all.")
        out.print(_NOT_SAID)
    for what, why in sorted((found.about.get("not_computed") or {}).items()):
        out.print(plain(f"Not computed: {what}, {why}."))


def _show_group(found: Findings, rows: GroupRows) -> None:
    card = group_card(found, rows)
    out.print(plain(f"Group {card.name}: {card.status_words}"))
    out.print(plain(card.claim))
    out.print(_NOT_SAID)
    _say_narratives(card)
    _say_targets(rows)
    _say_accounts(rows)
    out.print("\n[bold]Evidence against chance[/], each layer with its own null")
    for layer in card.layers:
        _say_layer(layer)
    out.print("\n[bold]Innocent explanations considered[/]")
    if card.explanations:
        say_table(
            "", ["explanation", "result", "what was found"], [[e.label, e.result, e.figure] for e in card.explanations]
        )
    else:
        out.print("None was tested.")
    out.print(plain(f"Next: {card.command}"))


def _say_narratives(card: GroupCard) -> None:
    out.print("\n[bold]What the posts say[/]")
    for each in card.narratives:
        accounts = f"{each.n_accounts:,} accounts ({each.n_core:,} core)"
        about = f"{each.n_posts:,} posts by {accounts}, {each.n_wordings:,} wordings"
        say_grid([[each.label, about], ["", plain(each.central_text, _TEXT_SHOWN).plain]])


def _say_targets(rows: GroupRows) -> None:
    for row in rows.targets[:3]:
        out.print(
            plain(f"{row['n_posts']:,} posts are about {row['target']} (of {row['n_posts_of_all']:,} by anybody).")
        )


def _say_accounts(rows: GroupRows) -> None:
    core = [row for row in rows.members if row["role"] == "core"]
    out.print(f"\n[bold]Core[/]: {len(core):,} accounts, by narratives and posts")
    cells = [
        [
            row["account_id"],
            f"{row['n_narratives']:,}",
            f"{row['n_posts']:,}",
            _span(row),
        ]
        for row in core[:_MOST_ROWS]
    ]
    if cells:
        say_table("", ["account", "texts", "posts", "from, to"], cells, frozenset({1, 2}))
    if len(core) > _MOST_ROWS:
        out.print(f"{len(core) - _MOST_ROWS:,} more; --table members has all.")
    n_periphery = len(rows.members) - len(core)
    out.print(f"Periphery: {n_periphery:,} accounts in one text only; nothing is claimed about them.")


def _span(row: dict[str, Any]) -> str:
    return f"{day(row['first_at'])} to {day(row['last_at'])}"


def _say_layer(layer: Layer) -> None:
    out.print("")
    out.print(plain(f"{layer.title}. {layer.question}"))
    if layer.missing:
        out.print(plain(f"Not computed: {layer.missing}."))
        return
    rows = [
        [
            test.label,
            "; ".join(filter(None, (test.what, test.note))),
            figure(test.observed),
            figure(test.expected),
            chance(test.p),
            chance(test.q),
        ]
        for test in layer.tests[:_MOST_ROWS]
    ]
    say_table("", ["", "", "observed", "expected", "p", "q"], rows, frozenset({2, 3, 4, 5}))
    if layer.n_tests > _MOST_ROWS:
        out.print(f"{layer.n_tests - _MOST_ROWS:,} more tests; --table has all.")


def _say_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        out.print("No rows.")
        return
    for place, row in enumerate(rows, 1):
        out.print(f"[bold]{place}[/]")
        say_grid([[name, "" if value is None else str(value)] for name, value in row.items()])


@attacks_group.command("pack", epilog="Example: `assay attacks pack run G-ABCDE --out pack --public`")
def pack(
    run: RunFolder,
    group: Annotated[str, typer.Argument(help="Name or number of the group.")],
    to: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    public: Annotated[
        bool, typer.Option("--public", help="Mask handles, mentions, links and long numbers; pseudonyms instead.")
    ] = False,
    salt: Annotated[
        Path | None,
        typer.Option(help="File with the secret behind the pseudonyms; by default RUN.salt, made on first use."),
    ] = None,
    json: Json = False,
) -> None:
    """Writes the evidence pack of one group: page, paper, JSON, tables, and the hash of every file."""
    made = pack_attack(run, group, to, is_public=public, salt_file=salt)
    if json:
        say_json(made)
        return
    out.print(plain(f"Wrote the evidence about group {made.group} to {made.folder}: {len(made.files)} files."))
    out.print(plain(made.claim))
    for each in made.not_drawn:
        out.print(plain(f"In evidence.pdf, {each.sentence}"))
    if public:
        out.print("Handles are masked. The secret behind the pseudonyms is not in the pack; keep it to yourself.")
    out.print("Whether it is true, and whether it is hostile, is left for a person to fill in.")
    out.print(plain(f"Next: open {made.folder / 'evidence.html'}"))


@attacks_group.command("report", epilog="Example: `assay attacks report run --out attacks.html`")
def report(
    run: RunFolder,
    to: Annotated[Path, typer.Option("--out", help="HTML file to write.")] = Path("attacks.html"),
    json: Json = False,
) -> None:
    """Writes one page over all groups of a run."""
    page = report_attacks(run, to)
    if json:
        say_json({"page": page})
        return
    out.print(plain(f"Wrote {page}; open it in a browser."))
