"""The signature is that of Standard Webhooks, and the recipe for receivers in the documentation checks it."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.casework.webhooks import body_of, new_secret, signature, signed_headers
from tests.casework.builders import NOW

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "receive-effects.md"
STAMP = 1_780_000_000
BODY = '{"data":"上衣"}'.encode()


@pytest.fixture(scope="module")
def verify():
    """The function as it stands on the page."""
    (recipe,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: dict = {}
    exec(compile(recipe, str(PAGE), "exec"), found)
    return found["verify"]


def test_the_signature_is_that_of_the_specifications_example():
    """Published with the reference libraries of Standard Webhooks."""
    made = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_recipe_takes_what_we_sign(verify):
    secret = new_secret()
    headers = signed_headers([secret], "key-1", STAMP, BODY)
    assert verify([secret], headers, BODY, now=STAMP + 60) == "key-1"


def test_the_recipe_takes_either_secret_while_one_is_replaced(verify):
    old, new = new_secret(), new_secret()
    headers = signed_headers([new, old], "key-1", STAMP, BODY)
    for known in ([old], [new], [new_secret(), old]):
        assert verify(known, headers, BODY, now=STAMP) == "key-1"


@pytest.mark.parametrize(
    "change",
    [
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: (headers | {"webhook-id": "key-2"}, body),
        lambda headers, body: (headers | {"webhook-timestamp": str(STAMP + 1)}, body),
        lambda headers, body: (headers | {"webhook-signature": "v1,AAAA"}, body),
        lambda headers, body: (headers | {"webhook-signature": ""}, body),
        lambda headers, body: (signed_headers([new_secret()], "key-1", STAMP, body), body),
    ],
    ids=["body", "key", "time", "signature", "none", "stranger"],
)
def test_the_recipe_refuses_whatever_was_changed(verify, change):
    secret = new_secret()
    headers, body = change(signed_headers([secret], "key-1", STAMP, BODY), BODY)
    with pytest.raises(ValueError, match="secret"):
        verify([secret], headers, body, now=STAMP)


@pytest.mark.parametrize("seconds", [301, -301])
def test_the_recipe_refuses_an_old_message(verify, seconds):
    secret = new_secret()
    with pytest.raises(ValueError, match="old"):
        verify([secret], signed_headers([secret], "key-1", STAMP, BODY), BODY, now=STAMP + seconds)


def test_a_body_does_not_depend_on_the_order_in_which_a_database_gives_keys():
    def effect(payload):
        return SimpleNamespace(key="k", kind="a.b", created_at=NOW, subject="listing:L1", pk=7, payload=payload)

    assert body_of(effect({"a": 1, "b": {"c": 1, "d": 2}})) == body_of(effect({"b": {"d": 2, "c": 1}, "a": 1}))
