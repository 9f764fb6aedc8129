"""What a voucher decision reads: the contract, the proof of delivery, and the entries of the voucher book so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, get_args

from hutong.kernel.errors import HutongError
from hutong.kernel.text import Text

EntryKind = Literal["claimed", "released", "redeemed", "returned", "clawed_back"]
State = Literal["ISSUED", "PARTLY_REDEEMED", "REDEEMED", "REVOKED", "CLAWED_BACK"]


@dataclass(frozen=True, slots=True)
class Applicant:
    """What a programme asks of the enterprise itself. division: where it is registered (GB/T 2260); industry: GB/T 4754 code
    with its section, such as I6513. dishonest_on: day of the last record of dishonesty (失信记录), if any."""

    enterprise: str
    division: str
    industry: str
    dishonest_on: date | None = None


@dataclass(frozen=True, slots=True)
class ContractLine:
    """One position of a contract. scope: compute, software, storage, network, security or service. Tax included, as invoiced."""

    scope: str
    fen: int


@dataclass(frozen=True, slots=True)
class Contract:
    """enterprise, supplier: unified social credit codes. Dates are Beijing days; ends_on is the last day.

    affiliated: declared or found. other_subsidies: names of other municipal subsidies for computing power.
    """

    number: str
    enterprise: str
    supplier: str
    signed_on: date
    starts_on: date
    ends_on: date
    lines: tuple[ContractLine, ...]
    affiliated: bool = False
    other_subsidies: tuple[str, ...] = ()
    cancelled_on: date | None = None

    def amount_fen(self, scope: Iterable[str]) -> int:
        """The part of the contract that lies in the scope of a programme."""
        wanted = frozenset(scope)
        return sum(line.fen for line in self.lines if line.scope in wanted)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One invoice with the proof of what was delivered for it, both for compute only.

    statement: digest of the signed usage statement. corrects: number of the invoice that a credit note (红字发票) takes
    back; only then are the amounts negative.
    """

    invoice: str
    invoiced_fen: int
    delivered_fen: int
    first_day: date
    last_day: date
    statement: str
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as issued. rate: of the compute amount. programme, version: the rules it was issued under."""

    code: str
    programme: str
    version: str
    contract: str
    enterprise: str
    claimed_on: date
    rate: Fraction
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the voucher book. fen is positive; claimed_on: of the voucher, whatever the kind.

    returned: paid back and open again (a credit note); clawed_back: paid back for good; released: given up unused.
    """

    kind: EntryKind
    voucher: str
    contract: str
    enterprise: str
    fen: int
    on: date
    claimed_on: date
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A voucher's amounts so far, in fen; each is the plain sum of its entries."""

    claimed: int
    released: int
    redeemed: int
    returned: int
    clawed_back: int

    @property
    def kept(self) -> int:
        """Redeemed and not paid back."""
        return self.redeemed - self.returned - self.clawed_back

    @property
    def open(self) -> int:
        """Claimed and neither released nor redeemed."""
        return self.claimed - self.released - self.redeemed + self.returned

    @property
    def state(self) -> State:
        if self.open:
            return "PARTLY_REDEEMED" if self.kept else "ISSUED"
        if self.kept:
            return "REDEEMED"
        return "CLAWED_BACK" if self.clawed_back else "REVOKED"


@dataclass(frozen=True, slots=True)
class Limit:
    """One of the amounts of which the least decided. rule: key of the programme."""

    rule: str
    fen: int
    sentence: Text


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to a claim or redemption: the amount, what limited it, why not, and the entries to write.

    amount_fen is 0 and entries are empty whenever there is a refusal.
    """

    amount_fen: int
    limits: tuple[Limit, ...]
    refusals: tuple[HutongError, ...]
    entries: tuple[Entry, ...]

    @property
    def deciding(self) -> Limit | None:
        """The limit that gave the amount: the first of the least."""
        return min(self.limits, key=lambda limit: limit.fen, default=None)

    def granted(self) -> Assessment:
        """Itself. Raises the first refusal, if there is one."""
        if self.refusals:
            raise self.refusals[0]
        return self


def position(voucher: str, history: Sequence[Entry]) -> Position:
    """Sums of one voucher over the book."""
    return position_of(e for e in history if e.voucher == voucher)


def on_contract(contract: str, history: Sequence[Entry]) -> Position:
    """Sums of all vouchers of one contract."""
    return position_of(e for e in history if e.contract == contract)


def position_of(entries: Iterable[Entry]) -> Position:
    """Sums of the entries given."""
    totals: dict[str, int] = dict.fromkeys(get_args(EntryKind), 0)
    for entry in entries:
        totals[entry.kind] += entry.fen
    return Position(**totals)
