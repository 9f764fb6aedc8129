"""Signed notes and checkpoints: the published example, and every bent one refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel.errors import Invalid
from hutong.kernel.note import (
    SigningKey,
    VerifyKey,
    open_checkpoint,
    open_note,
    sign_checkpoint,
    sign_note,
)

KEY = SigningKey("hub.example/log", bytes(range(32)))
ROOT = bytes(range(32, 64))


def test_the_example_of_the_go_library_opens() -> None:
    """golang.org/x/mod/sumdb/note: the documented verifier key and note."""
    key = VerifyKey.decode("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert open_note(text, key).startswith("If you think")
    assert VerifyKey.decode(key.encode()) == key


def test_ed25519_is_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey("x", seed)
    assert key.verify_key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert key.seed == seed


@given(st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_opens_as_it_was_signed(size: int, root: bytes) -> None:
    text = sign_checkpoint(KEY, "hub.example/log", size, root)
    opened = open_checkpoint(text, KEY.verify_key)
    assert (opened.origin, opened.size, opened.root, opened.note) == ("hub.example/log", size, root, text)


@settings(max_examples=300)
@given(st.data())
def test_no_flipped_byte_opens(data: st.DataObject) -> None:
    raw = bytearray(sign_checkpoint(KEY, "hub.example/log", 12, ROOT).encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Invalid, UnicodeDecodeError)):
        open_checkpoint(raw.decode(), KEY.verify_key)


@given(st.text(max_size=200))
def test_any_text_is_a_refusal(text: str) -> None:
    with pytest.raises(Invalid):
        open_checkpoint(text, KEY.verify_key)


@pytest.mark.parametrize(
    "body",
    [
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n１\n" + "A" * 43 + "=\n",
        f"o\n{2**64}\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "\n",
        "o\n1\nAAAA\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n1\n",
        "o\n",
        "\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(body: str) -> None:
    text = sign_note(KEY, body)
    assert open_note(text, KEY.verify_key) == body
    with pytest.raises(Invalid) as refusal:
        open_checkpoint(text, KEY.verify_key)
    assert refusal.value.rule == "note.checkpoint"


def test_extension_lines_and_empty_lines_in_a_body_are_kept() -> None:
    body = "o\n5\n" + "A" * 43 + "=\nextension\n\nmore\n"
    assert open_note(sign_note(KEY, body), KEY.verify_key) == body
    assert open_checkpoint(sign_note(KEY, body), KEY.verify_key).size == 5


def test_signatures_of_others_are_passed_over_but_ours_must_hold() -> None:
    text = sign_checkpoint(KEY, "o", 1, ROOT)
    witness = SigningKey("witness.example", bytes(32))
    line = sign_note(witness, "o\n1\n" + text.split("\n")[2] + "\n").split("\n")[-2]
    assert open_checkpoint(text + line + "\n", KEY.verify_key).size == 1
    assert open_checkpoint(text + line + "\n", witness.verify_key).size == 1
    with pytest.raises(Invalid):
        open_checkpoint(text, witness.verify_key)
    with pytest.raises(Invalid):
        open_checkpoint(text + "not a signature\n", KEY.verify_key)


def test_a_key_of_the_same_name_is_another_key() -> None:
    other = SigningKey(KEY.name, bytes(range(1, 33)))
    with pytest.raises(Invalid) as refusal:
        open_note(sign_note(other, "hello\n"), KEY.verify_key)
    assert refusal.value.rule == "note.unsigned"


@pytest.mark.parametrize("body", ["", "\n", "no newline", "tab\there\n", "\x00\n", "\ud800\n"])
def test_a_body_of_another_shape_is_not_signed(body: str) -> None:
    with pytest.raises(Invalid):
        sign_note(KEY, body)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_a_key_needs_a_plain_name(name: str) -> None:
    with pytest.raises(Invalid):
        SigningKey(name, bytes(32))


@pytest.mark.parametrize(
    "text", ["", "x", "a+b+c", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
)
def test_a_bent_key_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        VerifyKey.decode(text)


def test_a_new_key_is_random_and_hides_its_seed() -> None:
    one, two = SigningKey.generate("x"), SigningKey.generate("x")
    assert one.seed != two.seed
    assert one.seed.hex() not in repr(one) and one.verify_key.as_json()["name"] == "x"
    with pytest.raises(Invalid):
        SigningKey("x", b"short")
    with pytest.raises(Invalid):
        sign_checkpoint(one, "two\nlines", 1, ROOT)
