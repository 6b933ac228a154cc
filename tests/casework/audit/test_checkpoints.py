import base64
from dataclasses import replace
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from assay.casework.audit.checkpoints import (
    Checkpoint,
    DamagedCheckpoint,
    ForeignCheckpoint,
    key_id,
    read,
    sign,
    verifier_key,
    verify,
)
from assay.market.errors import CallerError
from assay.measurement.sealing import public_key_of
from tests.casework.audit.logs import KEY, LOG, OTHER_KEY, START, TRUSTED

CHECKPOINT = Checkpoint(LOG, 17, bytes(range(32)), START)
NOTE = sign(CHECKPOINT, KEY)
PUBLIC = TRUSTED.public_key


def test_a_checkpoint_is_written_in_exactly_these_lines():
    lines = NOTE.split("\n")
    assert lines[:5] == [
        "example.com/audit",
        "17",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "time 2026-01-02T03:04:05.000006Z",
        "",
    ]
    assert lines[5].startswith("— example.com/audit ")
    assert lines[6:] == [""]
    assert base64.b64decode(lines[5].rpartition(" ")[2])[:4] == key_id(LOG, PUBLIC)


def test_a_signature_is_the_one_that_the_standard_gives():
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1, test 1
    key = Ed25519PrivateKey.from_private_bytes(seed)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert public_key_of(pem) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    note = sign(CHECKPOINT, pem)
    assert read(note).signatures[0].value == key.sign(CHECKPOINT.text().encode())


def test_a_key_is_named_as_other_tools_name_it():
    # The key and its name from the documentation of the signed-note packages for Go.
    name, _, rest = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".partition("+")
    public = base64.b64decode(rest.partition("+")[2])[1:].hex()
    assert verifier_key(name, public) == f"{name}+{rest}"


def test_a_signed_checkpoint_is_read_and_verified():
    assert verify(NOTE, PUBLIC).checkpoint == CHECKPOINT
    assert read(NOTE) == verify(NOTE, PUBLIC)


def test_another_key_is_named():
    with pytest.raises(ForeignCheckpoint, match=r"17 events is signed by example.com/audit \w{8}, not by the expected"):
        verify(sign(CHECKPOINT, OTHER_KEY), PUBLIC)


def test_the_signature_of_a_witness_may_stand_beside():
    witness = sign(replace(CHECKPOINT, log_id="witness.example/w"), OTHER_KEY).split("\n")[5]
    assert verify(f"{NOTE}{witness}\n", PUBLIC).checkpoint == CHECKPOINT
    with pytest.raises(ForeignCheckpoint):
        verify(f"{CHECKPOINT.text()}\n{witness}\n", PUBLIC)


def test_a_signature_over_another_text_does_not_count():
    other = sign(replace(CHECKPOINT, size=18), KEY).split("\n")[5]
    with pytest.raises(DamagedCheckpoint, match="is not of this text"):
        verify(f"{CHECKPOINT.text()}\n{other}\n", PUBLIC)


@given(st.integers(0, len(NOTE) - 1), st.characters(exclude_categories=["Cs"]))
def test_no_character_can_be_changed(place, character):
    changed = NOTE[:place] + character + NOTE[place + 1 :]
    if changed != NOTE:
        with pytest.raises(DamagedCheckpoint):
            verify(changed, PUBLIC)


@given(st.integers(0, len(NOTE) - 1))
def test_no_character_can_be_left_out(place):
    with pytest.raises(DamagedCheckpoint):
        verify(NOTE[:place] + NOTE[place + 1 :], PUBLIC)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with pytest.raises(DamagedCheckpoint, match="is damaged"):
        read(text)


def test_too_many_signatures_are_refused():
    with pytest.raises(DamagedCheckpoint, match="17 signatures, allowed are 16"):
        read(NOTE + NOTE.split("\n")[5].join(["", "\n"]) * 16)


@pytest.mark.parametrize(
    "given",
    [
        {"log_id": ""},
        {"log_id": "a b"},
        {"log_id": "a+b"},
        {"log_id": "a\nb"},
        {"size": -1},
        {"root": b"short"},
        {"at": datetime(2026, 1, 2)},
    ],
)
def test_what_cannot_stand_in_a_checkpoint_is_not_signed(given):
    with pytest.raises(CallerError, match=f"{next(iter(given))} is .*; allowed is"):
        sign(replace(CHECKPOINT, **given), KEY)


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(CallerError, match="signing key"):
        sign(CHECKPOINT, b"no key")
