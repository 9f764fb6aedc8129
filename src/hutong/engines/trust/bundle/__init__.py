"""The report as a bundle that anybody can check offline with the public key alone.

parts = make_bundle(plan, observations, evidence, key)
said = verify(parts, key.verify_key)            # names the part that is not what was signed; judges again
again = rerun(parts, opener, profile, data)     # counts again from the model and the data, bit for bit
"""

from hutong.engines.trust.bundle.checks import Item, Verification
from hutong.engines.trust.bundle.crosswalk import crosswalk, crosswalks
from hutong.engines.trust.bundle.make import make_bundle
from hutong.engines.trust.bundle.page import page
from hutong.engines.trust.bundle.parts import Parts, load, save
from hutong.engines.trust.bundle.rerun import Again, rerun
from hutong.engines.trust.bundle.verify import verify
from hutong.engines.trust.runs.records import evidence_of, observations_of, system_of

__all__ = [
    "Again",
    "Item",
    "Parts",
    "Verification",
    "crosswalk",
    "crosswalks",
    "evidence_of",
    "load",
    "make_bundle",
    "observations_of",
    "page",
    "rerun",
    "save",
    "system_of",
    "verify",
]
