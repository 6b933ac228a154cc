"""Makes the home that the browser's journeys walk through: `python -m tests.web.browser.making FOLDER`.

A process of its own, as an operator would run it: Django's settings are the product's, not those of the tests.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

N_LISTINGS = 1_500
N_BUYS = 60


def make_home(to: Path) -> dict[str, Any]:
    """A simulated market, rated; its casework with people and history; a programme of which one unit is left to buy."""
    from assay import pipeline
    from assay.cli.demonstration import make_casework
    from assay.engine import EngineSettings

    engine = EngineSettings(memory_gib=1.0, workers=1)
    pipeline.simulate(to, n_listings=N_LISTINGS, seed=3, workers=1)
    pipeline.rate(to / "market", to / "run", settings=engine)
    made = make_casework(to, seed=1, settings=engine, tell=lambda said: print(said, file=sys.stderr))
    logins = {each.role: asdict(each) for each in made.logins} | _colleagues()
    left = _almost_done(to, engine)
    return {"logins": logins, "left": left}


def _colleagues() -> dict[str, dict[str, str]]:
    """Second persons to sign in as: the demonstration's own have no password."""
    from assay.casework.models import Organisation, Person, Role
    from assay.casework.services.people import PersonDetails, add_person
    from assay.casework.services.recording import COMMAND_LINE

    first_laboratory = Person.objects.get(email="authenticator@example.org").organisation
    other_laboratory = Organisation.objects.filter(kind="laboratory").exclude(pk=first_laboratory.pk).get()
    marketplace = Person.objects.get(email="senior@example.org").organisation
    wanted = {
        "second_analyst": (Role.ANALYST, marketplace),
        "second_senior": (Role.SENIOR, marketplace),
        "second_authenticator": (Role.AUTHENTICATOR, other_laboratory),
    }
    found = {}
    for name, (role, place) in wanted.items():
        email, password = f"{name.replace('_', '-')}@example.org", f"walk in the {name} door"
        details = PersonDetails(email, f"Demo {name.replace('_', ' ')}", role, needs_second_factor=False)
        add_person(COMMAND_LINE, place, details, password=password)
        found[name] = {"role": role, "organisation": place.name, "email": email, "password": password}
    return found


def _almost_done(to: Path, engine: Any) -> dict[str, str]:
    """A sealed plan, drawn, whose outcomes were recorded from a file but for one counterfeit: that one is walked."""
    import pyarrow.parquet as pq

    from assay.casework.services.programmes import load_programme
    from assay.casework.services.recording import COMMAND_LINE
    from assay.measurement.enforcement import Harm
    from assay.measurement.plans import PlanSettings
    from assay.pipeline.outcomes import record_outcomes
    from assay.pipeline.testbuys import PlanRequest, draw_test_buys, plan_test_buys

    folder = to / "buys-almost-done"
    harm = Harm(horizon_days=900, handling_minor=100)
    request = PlanRequest(key_file=to / "signing-key.pem", seed="7", harm=harm, engine_settings=engine)
    plan_test_buys(to / "run", folder, PlanSettings(N_BUYS), request)
    units = draw_test_buys(folder).to_pylist()
    truth = pq.read_table(to / "truth" / "listings.parquet", columns=["listing_id", "is_counterfeit"]).to_pylist()
    fakes = {row["listing_id"] for row in truth if row["is_counterfeit"]}

    def outcome(unit: dict[str, Any]) -> str:
        return str(unit["known"]) if unit["pot"] == "control" else _said(unit["listing_id"] in fakes)

    left = next(each for each in units if each["pot"] == "measure" and each["listing_id"] in fakes)
    rows = [(each["unit"], outcome(each)) for each in units if each["unit"] != left["unit"]]
    with (to / "outcomes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["unit", "outcome", "second_outcome"])
        writer.writerows((unit, said, said if said == "counterfeit" else "") for unit, said in rows)
    record_outcomes(folder, to / "outcomes.csv")
    load_programme(folder, actor=COMMAND_LINE, name="Almost done", decoy_rate=0.0)
    return {"unit": left["unit"], "listing_id": left["listing_id"], "folder": str(folder)}


def _said(is_fake: bool) -> str:
    return "counterfeit" if is_fake else "genuine"


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "made.json").write_text(json.dumps(make_home(place), default=str), encoding="utf-8")
