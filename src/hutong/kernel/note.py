"""Signed notes and checkpoints of the evidence log (C2SP signed-note and tlog-checkpoint), Ed25519 (RFC 8032).

A note is a text that ends in a newline, an empty line, and one line per signature:
``— name base64(key id || signature)``. The key id is the first 4 bytes of SHA-256(name || 0x0A || 0x01 || key).
A checkpoint is a note whose text is: origin, size in decimal, root in base64, each on its line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hutong.kernel.errors import Invalid
from hutong.kernel.merkle import LARGEST_SIZE
from hutong.kernel.text import Text

ED25519 = b"\x01"
MOST_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A named Ed25519 public key (32 bytes). The name has no blank, control character or plus sign."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name) or len(self.public) != 32:
            raise _refuse("key", "This is not a named Ed25519 key.", "此内容不是带名称的Ed25519公钥。")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || 0x0A || 0x01 || public key), C2SP signed-note."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the 64-byte signature is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def encode(self) -> str:
        """The key as C2SP writes it: ``name+key id in hex+base64(0x01 || public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{_b64(ED25519 + self.public)}"

    @classmethod
    def decode(cls, text: str) -> VerifyKey:
        """From the text of `encode`. Raises `Invalid`."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _unb64(encoded)
        if raw is None or raw[:1] != ED25519:
            raise _refuse("key", "This is not a named Ed25519 key.", "此内容不是带名称的Ed25519公钥。")
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise _refuse("key_id", "The key's number is not that of its bytes.", "公钥编号与公钥内容不符。")
        return key

    def as_json(self) -> dict[str, str]:
        """As a bundle holds it: ``{"name": ..., "public": base64 of the 32 bytes}``."""
        return {"name": self.name, "public": _b64(self.public)}


class SigningKey:
    """A named Ed25519 private key. Its seed (32 bytes) is the secret; it never shows itself in `repr`."""

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != 32:
            raise _refuse("seed", "The seed of a key is 32 bytes.", "密钥种子须为32字节。")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verify_key = VerifyKey(name, self._private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key from the system's randomness."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def name(self) -> str:
        return self.verify_key.name

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes, for the key store only."""
        return self._private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over the message."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, its size in leaves, its root (32 bytes); `note` is the signed text."""

    origin: str
    size: int
    root: bytes
    note: str


def sign_note(key: SigningKey, body: str) -> str:
    """The body (lines, the last ended too) with the key's signature below. Raises `Invalid` for another shape."""
    if not _is_body(body):
        raise _refuse(
            "body",
            "The text to sign must be whole lines without control characters.",
            "待签文本须为完整的行且不含控制字符。",
        )
    signature = key.verify_key.key_id + key.sign(body.encode())
    return f"{body}\n— {key.name} {_b64(signature)}\n"


def open_note(text: str, key: VerifyKey) -> str:
    """The body of a note that this key signed; signatures by other keys are passed over. Raises `Invalid`."""
    body, break_, signatures = text.rpartition("\n\n")
    body += "\n"
    lines = signatures.split("\n")
    if not break_ or not _is_body(body) or lines.pop() != "" or not 0 < len(lines) <= MOST_SIGNATURES:
        raise _refuse("shape", "This is not a signed note.", "此内容不是签名文书。")
    signed = False
    for line in lines:
        name, signature = _signature(line)
        if name == key.name and signature[:4] == key.key_id:
            if not key.verify(body.encode(), signature[4:]):
                raise _refuse(
                    "signature", "The signature is not by the named key.", "签名并非由所示密钥作出。"
                )
            signed = True
    if not signed:
        raise _refuse("unsigned", "The named key did not sign this note.", "所示密钥未签署此文书。")
    return body


def sign_checkpoint(key: SigningKey, origin: str, size: int, root: bytes) -> str:
    """A signed C2SP checkpoint over this size and root (32 bytes). Raises `Invalid`."""
    if not _is_line(origin) or not 0 <= size <= LARGEST_SIZE or len(root) != 32:
        raise _refuse(
            "checkpoint",
            "A checkpoint needs an origin, a size and a root.",
            "检查点须有来源名称、规模和根哈希。",
        )
    return sign_note(key, f"{origin}\n{size}\n{_b64(root)}\n")


def open_checkpoint(text: str, key: VerifyKey) -> Checkpoint:
    """The checkpoint that this key signed. Raises `Invalid` for a bad note, signature, size or root."""
    lines = open_note(text, key).split("\n")
    origin, size, encoded = (*lines, "", "", "")[:3]
    root = _unb64(encoded)
    decimal = size.isascii() and size.isdigit() and len(size) <= 20 and (size == "0" or size[0] != "0")
    if not origin or not decimal or int(size) > LARGEST_SIZE or root is None or len(root) != 32:
        raise _refuse("checkpoint", "This note is not a checkpoint.", "此文书不是检查点。")
    return Checkpoint(origin, int(size), root, text)


def _signature(line: str) -> tuple[str, bytes]:
    dash, name, encoded = (*line.split(" "), "", "", "")[:3]
    signature = _unb64(encoded)
    if dash != "—" or line.count(" ") != 2 or not _is_name(name) or signature is None or len(signature) < 5:
        raise _refuse("shape", "This is not a signed note.", "此内容不是签名文书。")
    return name, signature


def _is_name(name: str) -> bool:
    return _is_line(name) and "+" not in name and not any(c.isspace() for c in name)


def _is_line(text: str) -> bool:
    return bool(text) and "\n" not in text and _is_body(text + "\n")


def _is_body(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return len(body) > 1 and body.endswith("\n") and all(c >= " " or c == "\n" for c in body)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes | None:
    """Strict base64: one text per value, so that no character of a note is loose."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return raw if _b64(raw) == text else None


def _refuse(rule: str, en: str, zh: str) -> Invalid:
    return Invalid(
        Text(en, zh),
        rule=f"note.{rule}",
        remedy=Text("Ask the hub that issued it for the original.", "请向签发方索取原件。"),
    )
