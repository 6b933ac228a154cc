"""Names that stay: a group that grows keeps its name, and no name is given twice."""

from hypothesis import given
from hypothesis import strategies as st

from assay.attacks.watching import kept_names

CORES = st.lists(st.sets(st.sampled_from("abcdefghij"), min_size=1, max_size=6), max_size=5)


def test_a_group_that_grows_keeps_its_name():
    assert kept_names({"G-1": {"a", "b"}}, [{"a", "b", "c", "d"}], ["G-2"]) == (["G-1"], {})


def test_a_new_group_has_a_name_of_its_own():
    assert kept_names({"G-1": {"a", "b"}}, [{"x", "y"}], ["G-1"]) == (["G-1-2"], {})


def test_two_groups_that_become_one_keep_the_name_of_the_larger_and_tell_of_the_other():
    earlier = {"G-1": {"a", "b"}, "G-2": {"c", "d", "e"}}
    assert kept_names(earlier, [{"a", "b", "c", "d", "e"}], ["G-3"]) == (["G-2"], {"G-1": "G-2"})


def test_a_group_that_splits_keeps_its_name_where_most_of_it_went():
    earlier = {"G-1": {"a", "b", "c", "d", "e"}}
    assert kept_names(earlier, [{"a", "b"}, {"c", "d", "e"}], ["G-2", "G-3"]) == (["G-2", "G-1"], {})


@given(st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sets(st.sampled_from("abcdefghij"))), CORES)
def test_every_group_has_one_name_and_none_is_given_twice(earlier, cores):
    names, merged = kept_names(earlier, cores, ["F"] * len(cores))
    assert len(names) == len(set(names)) == len(cores)
    assert set(merged) <= set(earlier)
    assert not set(merged) & set(names)
    assert set(merged.values()) <= set(names)
