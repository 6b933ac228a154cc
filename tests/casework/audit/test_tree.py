import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.audit.tree import (
    DamagedFrontier,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The inputs and roots of the certificate-transparency reference implementation of RFC 6962.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
LEAF_2, LEAF_5 = LEAVES[1], LEAVES[4]
NODE_12 = ROOTS[2]
NODE_34 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_56 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_78 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_5678 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"


def leaves(size):
    return [leaf_hash(str(i).encode()) for i in range(size)]


sizes = st.integers(1, 130)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size):
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 2, [LEAF_2.hex()]),
        (2, 3, [NODE_12]),
        (1, 5, [ROOTS[1], NODE_34, LEAF_5.hex()]),
        (0, 8, [LEAF_2.hex(), NODE_34, NODE_5678]),
        (5, 8, [LEAF_5.hex(), NODE_78, ROOTS[4]]),
    ],
)
def test_inclusion_proofs_are_the_published_ones(index, size, proof):
    found = inclusion_proof(index, LEAVES[:size])
    assert [h.hex() for h in found] == proof
    assert verify_inclusion(LEAVES[index], index, size, found, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(
    ("old", "size", "proof"),
    [
        (1, 1, []),
        (1, 8, [LEAF_2.hex(), NODE_34, NODE_5678]),
        (2, 5, [NODE_34, LEAF_5.hex()]),
        (6, 8, [NODE_56, NODE_78, ROOTS[4]]),
    ],
)
def test_consistency_proofs_are_the_published_ones(old, size, proof):
    found = consistency_proof(old, LEAVES[:size])
    assert [h.hex() for h in found] == proof
    assert verify_consistency(old, bytes.fromhex(ROOTS[old]), size, bytes.fromhex(ROOTS[size]), found)


@given(sizes, st.data())
def test_every_leaf_is_shown_to_be_in_the_tree_and_no_other_is(size, data):
    index = data.draw(st.integers(0, size - 1))
    tree = leaves(size)
    proof, root = inclusion_proof(index, tree), root_of(tree)
    assert verify_inclusion(tree[index], index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not verify_inclusion(tree[index], index, size, [*proof, root], root)
    for other in {index - 1, index + 1, size}:
        assert not verify_inclusion(tree[index], other, size, proof, root)
    if proof:
        assert not verify_inclusion(tree[index], index, size, proof[:-1], root)


@given(sizes, st.data())
def test_every_tree_is_shown_to_extend_its_beginnings_and_no_others(size, data):
    old = data.draw(st.integers(0, size))
    tree = leaves(size)
    root, old_root, proof = root_of(tree), root_of(tree[:old]), consistency_proof(old, tree)
    assert verify_consistency(old, old_root, size, root, proof)
    assert not verify_consistency(old, leaf_hash(b"other"), size, root, proof)
    assert not verify_consistency(old, old_root, size, leaf_hash(b"other"), proof) or old == 0
    assert not verify_consistency(old, old_root, size, root, [*proof, root])
    if proof:
        assert not verify_consistency(old, old_root, size, root, proof[1:])
        assert not verify_consistency(old, old_root, size, root, [leaf_hash(b"other"), *proof[1:]])
        changed = [*tree]
        changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"other")
        assert not verify_consistency(old, old_root, size, root_of(changed), consistency_proof(old, changed))


def test_a_longer_tree_is_not_a_beginning_of_a_shorter_one():
    assert not verify_consistency(3, root_of(LEAVES[:3]), 2, root_of(LEAVES[:2]), [])


@given(st.integers(0, 130))
def test_a_frontier_survives_being_written_and_read(size):
    frontier = Frontier()
    for leaf in leaves(size):
        frontier = frontier.append(leaf)
    assert Frontier.from_json(frontier.to_json()) == frontier
    assert frontier.append(LEAVES[0]).root == root_of([*leaves(size), LEAVES[0]])
    assert len(frontier.hashes) == size.bit_count()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"size":1}',
        '{"hashes":[],"size":1}',
        '{"hashes":["00"],"size":1}',
        '{"hashes":[],"size":-1}',
        '{"hashes":[],"size":true}',
        '{"hashes": [],"size":0}',
        '{"hashes":[],"more":1,"size":0}',
        '{"hashes":[1],"size":1}',
    ],
)
def test_what_is_no_frontier_is_refused(text):
    with pytest.raises(DamagedFrontier, match="one hash of 32 bytes"):
        Frontier.from_json(text)


@pytest.mark.parametrize("index", [-1, 8])
def test_proofs_of_what_is_not_there_are_refused(index):
    with pytest.raises(ValueError, match="allowed are 0 to 7"):
        inclusion_proof(index, LEAVES)
    with pytest.raises(ValueError, match="allowed are 0 to 8"):
        consistency_proof(index * 2, LEAVES)
