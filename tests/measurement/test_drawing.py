import numpy as np
import pytest

from assay.market.errors import CallerError
from assay.measurement.drawing import DRAWN_UNITS, commitment, draw, draw_numbers
from assay.measurement.plans import PlanSettings
from tests.measurement.buys import SECRET, world

IDS = [f"L{i:06d}" for i in range(4_000)]


def test_the_same_plan_frame_and_secret_give_the_same_units():
    assert world().drawn.equals(world().drawn)
    assert world().drawn.schema == DRAWN_UNITS


def test_another_secret_gives_other_units_and_another_commitment():
    one, other = world(), world(secret="another")
    assert set(one.drawn["listing_id"].to_pylist()) != set(other.drawn["listing_id"].to_pylist())
    assert commitment("another") != commitment(SECRET)


def test_the_draw_does_not_depend_on_the_order_of_the_frame():
    made = world()
    order = np.random.default_rng(1).permutation(4_000)
    numbers = draw_numbers(IDS, SECRET)
    straight, turned = (draw(made.plan, made.stratum, numbers), draw(made.plan, made.stratum[order], numbers[order]))
    assert sorted(straight.rows) == sorted(order[turned.rows])


def test_every_stratum_gets_its_number_and_every_unit_its_probability():
    made = world()
    rows = made.drawn.to_pylist()
    for each in made.plan.strata:
        mine = [row for row in rows if row["stratum"] == each.stratum]
        assert len(mine) == each.n_drawn
        assert sum(row["is_plain"] for row in mine) == each.n_plain
        assert {row["inclusion_probability"] for row in mine} <= {each.n_drawn / each.n_units}


def test_controls_have_codes_like_any_unit_and_no_probability():
    controls = [row for row in world().drawn.to_pylist() if row["pot"] == "control"]
    assert sorted({row["known"] for row in controls}) == ["counterfeit", "genuine"]
    assert all(row["unit"].startswith("T") and len(row["unit"]) == 13 for row in controls)
    assert all(row["inclusion_probability"] is row["listing_id"] is None for row in controls)


def test_over_many_secrets_units_are_drawn_as_often_as_their_probability_says():
    made = world()
    n_secrets = 400
    drawn = np.zeros(4_000)
    for i in range(n_secrets):
        drawn[draw(made.plan, made.stratum, draw_numbers(IDS, f"secret {i}")).rows] += 1
    probability = np.array([s.n_drawn / s.n_units for s in made.plan.strata])[made.stratum]
    z = (drawn - n_secrets * probability) / np.sqrt(n_secrets * probability * (1 - probability) + 1e-9)
    free = probability < 1
    assert (drawn[~free] == n_secrets).all()
    # Squared standard scores of 4,000 near-independent counts have mean 1, with a standard error of about 0.025.
    assert abs((z[free] ** 2).mean() - 1) < 0.12
    assert np.abs(z[free]).max() < 6


def test_the_looks_split_every_stratum_evenly():
    made = world(PlanSettings(400, looks=4))
    for each in made.plan.strata:
        looks = [row["look"] for row in made.drawn.to_pylist() if row["stratum"] == each.stratum]
        counts = np.bincount(looks, minlength=5)[1:]
        assert counts.max() - counts.min() <= 1


def test_another_frame_is_refused():
    made = world()
    with pytest.raises(CallerError, match="not the one that was planned"):
        draw(made.plan, made.stratum[:-1], draw_numbers(IDS[:-1], SECRET))
