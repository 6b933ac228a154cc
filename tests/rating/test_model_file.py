import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.market.errors import CallerError, OutsideError
from assay.rating import CalibrationTable, DamagedModel, Model, Term, TermTable, load_model, model_hash, save_model
from assay.rating.model_file import UnknownModelVersion, as_plain, from_plain

EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=6, unique_by=lambda x: x + 0.0)


def example():
    table = TermTable(Term("price-gap", "price_gap", "two-sided", "price"), (-0.5, 0.1), (80, 0, 10), 5)
    calibration = CalibrationTable((-10, 20), (-12, 25), (-40, 0), (0, 70), "3 verdicts", {"n": 3})
    return Model("listing", -389, (table,), calibration, {"label": "small"})


@settings(deadline=None)
@given(EDGES, st.data())
def test_a_model_comes_back_from_json_as_it_was(edges, data):
    edges = tuple(sorted(edges))
    points = data.draw(st.tuples(*[st.integers(-900, 900)] * (len(edges) + 1)))
    model = Model("merchant", data.draw(st.integers(-900, 900)), (TermTable(Term("a-b", "a_b"), edges, points),))
    again = from_plain(orjson.loads(orjson.dumps(as_plain(model))))
    assert again == model and model_hash(again) == model_hash(model)


def test_the_same_model_is_the_same_bytes(tmp_path):
    digests = {save_model(example(), tmp_path / name) for name in ("a.json", "b.json")}
    assert digests == {model_hash(example())}
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert load_model(tmp_path / "a.json") == example()


def damage(change):
    def apply(path):
        content = orjson.loads(path.read_bytes())
        change(content)
        path.write_bytes(orjson.dumps(content))

    return apply


DAMAGES = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "empty": lambda path: path.write_bytes(b""),
    "not a model": lambda path: path.write_bytes(b"[1, 2]"),
    "points changed": damage(lambda c: c["model"]["terms"][0].update(points=[81, 0, 10])),
    "points not whole": damage(lambda c: c["model"]["terms"][0].update(points=[0.5, 0, 10])),
    "edges not rising": damage(lambda c: c["model"]["terms"][0].update(edges=[1.0, 0.0])),
    "part missing": damage(lambda c: c["model"].pop("calibration")),
    "calibration falling": damage(lambda c: c["model"]["calibration"].update(points=[25, -12])),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named_and_refused(tmp_path, change):
    path = tmp_path / "model.json"
    save_model(example(), path)
    change(path)
    with pytest.raises(DamagedModel, match=r"model\.json") as fault:
        load_model(path)
    assert fault.value.exit_code == 3


def test_a_missing_file_is_the_callers_fault(tmp_path):
    with pytest.raises(CallerError, match="assay train"):
        load_model(tmp_path / "none.json")


def test_a_newer_format_is_refused(tmp_path):
    save_model(example(), tmp_path / "m.json")
    damage(lambda c: c.update(format_version=99))(tmp_path / "m.json")
    with pytest.raises(UnknownModelVersion, match="99"):
        load_model(tmp_path / "m.json")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutsideError, match="cannot write"):
        save_model(example(), tmp_path / "no" / "m.json")
