import pytest

from assay.market.errors import CallerError
from assay.measurement.sealing import (
    BrokenSeal,
    canonical_json,
    check_seal,
    fingerprint,
    new_key,
    public_key_of,
    read_canonical,
    read_seal,
    seal,
    seal_bytes,
)

KEY = new_key()
CONTENT = canonical_json({"n_buys": 1_000, "share": 0.25})


def test_a_seal_holds_and_comes_back_from_its_file():
    made = seal(CONTENT, KEY)
    assert read_seal(seal_bytes(made), "plan.seal.json") == made
    check_seal(CONTENT, made, "plan.json", key_fingerprint=fingerprint(public_key_of(KEY)))


def test_every_changed_byte_of_content_or_seal_is_noticed():
    sealed = seal_bytes(seal(CONTENT, KEY))
    for place in range(len(CONTENT)):
        with pytest.raises(BrokenSeal, match="changed after it was sealed"):
            check_seal(_flipped(CONTENT, place), read_seal(sealed, "s"), "plan.json")
    for place in range(len(sealed)):
        for bit in (1, 32):
            with pytest.raises(BrokenSeal):
                check_seal(CONTENT, read_seal(_flipped(sealed, place, bit), "s"), "plan.json")


def _flipped(content, place, bit=1):
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


def test_a_seal_of_another_key_holds_only_until_the_key_is_asked_for():
    other = seal(CONTENT, new_key())
    check_seal(CONTENT, other, "plan.json")
    with pytest.raises(BrokenSeal, match="not with the expected"):
        check_seal(CONTENT, other, "plan.json", key_fingerprint=fingerprint(public_key_of(KEY)))


@pytest.mark.parametrize("content", [b'{"a":1}', b'{\n  "b": 1,\n  "a": 2\n}\n', b"{", b"", b'{\n  "a": 1.0e0\n}\n'])
def test_json_that_is_not_canonical_is_refused(content):
    with pytest.raises(BrokenSeal, match="plan"):
        read_canonical(content, "the plan")


def test_what_is_no_ed25519_key_is_refused():
    with pytest.raises(CallerError, match="signing key"):
        seal(CONTENT, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
