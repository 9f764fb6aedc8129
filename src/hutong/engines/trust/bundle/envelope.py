"""The signed statement: in-toto Statement v1 with a Test Result predicate v0.1, in a DSSE envelope, Ed25519.

https://in-toto.io/Statement/v1, https://in-toto.io/attestation/test-result/v0.1, DSSE 1.0 (github.com/secure-systems-lab/dsse):
the signature is over "DSSEv1", type and payload with their lengths (PAE), so no other protocol's signature can be
passed off as one.
"""

from __future__ import annotations

import base64
import binascii

from hutong.engines.trust.plan import Plan
from hutong.engines.trust.runs.records import parsed
from hutong.engines.trust.types import Verdict
from hutong.kernel.canonical import canonical
from hutong.kernel.note import SigningKey, VerifyKey

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(plan: Plan, verdict: Verdict, manifest: str, report: str) -> dict[str, object]:
    """What is signed. subject: the artefact tested. manifest: digest of the manifest, which lists all parts.

    What is inconclusive, not run or not reachable stands among failedTests: a consumer that lets warnings through must
    not let these through. The state of each claim is in the extension field.
    """
    states = {f.claim: f.state for c in verdict.cells for f in c.findings}
    passed = verdict.outcome == "pass"
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": f"{plan.system['name']} {plan.system['version']}",
                "digest": {"sha256": plan.artefact},
            }
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if passed else "FAILED",
            "configuration": [
                {"name": "plan", "digest": {"sha256": plan.digest}},
                {"name": "profile", "digest": {"sha256": str(plan.profile["digest"])}},
                {"name": "data", "digest": {"sha256": plan.data}},
                {"name": "manifest", "digest": {"sha256": manifest}},
            ],
            "passedTests": sorted(c for c, s in states.items() if s == "pass"),
            "warnedTests": [],
            "failedTests": sorted(c for c, s in states.items() if s != "pass"),
            "hutong_trust": {"report": report, "outcome": verdict.outcome, "states": states},
        },
    }


def pae(payload: bytes) -> bytes:
    """DSSE pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def seal(content: dict[str, object], key: SigningKey) -> bytes:
    """The envelope as canonical JSON."""
    payload = canonical(content)
    return canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [
                {"keyid": key.verify_key.encode(), "sig": base64.b64encode(key.sign(pae(payload))).decode()}
            ],
        }
    )


def unseal(envelope: bytes, key: VerifyKey) -> dict[str, object] | None:
    """The statement, or None where this key did not sign exactly these bytes.

    keyid is not signed in DSSE; it must be this key's own, so that no byte of the envelope is loose.
    """
    try:
        outer = parsed(envelope)
        if not isinstance(outer, dict) or set(outer) != {"payload", "payloadType", "signatures"}:
            return None
        (signature,) = outer["signatures"]
        payload, sig = _strict(outer["payload"]), _strict(signature["sig"])
        named = set(signature) == {"keyid", "sig"} and signature["keyid"] == key.encode()
        if outer["payloadType"] != PAYLOAD or not named or not key.verify(pae(payload), sig):
            return None
        inner = parsed(payload)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    known = isinstance(inner, dict) and inner.get("_type") == STATEMENT_TYPE
    return inner if known and isinstance(inner, dict) else None


def _strict(text: object) -> bytes:
    """Base64 with one text per value."""
    if not isinstance(text, str):
        raise TypeError("base64")
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("base64") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64")
    return raw
