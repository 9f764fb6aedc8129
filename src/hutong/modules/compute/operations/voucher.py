"""Compute vouchers: apply, approve, redeem, correct. The rules are the engine's; every amount is computed, none typed."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from hutong.engines.broker.money import vouchers as rules
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Help, Json, Reason, operation
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import VOUCHER
from hutong.modules.compute.models import Statement, Voucher
from hutong.modules.compute.money import vouchers as book
from hutong.platform.context import RunContext
from hutong.platform.people import Organisation

# The programme of the default hub; another city's is another entry of the rules.
PROGRAMME = "beijing"


@operation(
    "compute.voucher.apply",
    permission=may.VOUCHER_APPLY,
    title=Text("Apply for a voucher", "申领算力券"),
    sentence=Text("applied for the voucher {subject}", "申领了算力券 {subject}"),
    lifecycle=VOUCHER,
    creates=Voucher,
)
def voucher_apply(
    ctx: RunContext,
    *,
    contract_no: Annotated[str, Text("Number of the contract", "合同编号")],
    # django-stubs takes Annotated[Model, …] for an annotated query.
    supplier: Annotated[Organisation, Text("Supplier of computing", "算力供应方")],  # type: ignore[valid-type]
    signed_on: Annotated[date, Text("Signed on", "签订日期")],
    starts_on: Annotated[date, Text("First day", "起始日期")],
    ends_on: Annotated[date, Text("Last day", "截止日期")],
    lines: Annotated[
        Json,
        Text("Lines of the contract", "合同分项"),
        Help(
            Text(
                "A list of scope (compute, software, storage or service) and amount in yuan.",
                "类别（compute、software、storage 或 service）与金额（元）的列表。",
            )
        ),
    ],
    industry: Annotated[
        str,
        Text("Industry (GB/T 4754)", "所属行业（GB/T 4754）"),
        Help(Text("With its section, such as I6513.", "含门类代码，例如 I6513。")),
    ],
    affiliated: Annotated[bool, Text("The supplier is affiliated with us", "供应方与本单位存在关联关系")],
    other_subsidies: Annotated[
        str,
        Text("Other municipal subsidies for this contract", "该合同已享受的其他市级补贴"),
    ] = "",
    dishonest_on: Annotated[
        date | None, Text("Day of a record of dishonesty, if any", "失信记录日期（如有）")
    ] = None,
) -> Voucher:
    """Ask for a voucher on one contract. What it would be worth is computed from the rules of the day, and why not."""
    today = local_date(ctx.now)
    programme = rules.programme_on(PROGRAMME, today)
    made = Voucher(
        organisation=ctx.own_organisation(),
        supplier=supplier,
        programme=programme.id,
        rules=programme.version,
        contract_no=contract_no,
        signed_on=signed_on,
        starts_on=starts_on,
        ends_on=ends_on,
        lines=book.read_lines(lines.value),
        industry=industry,
        dishonest_on=dishonest_on,
        affiliated=affiliated,
        other_subsidies=[other_subsidies] if other_subsidies else [],
    )
    _lock(made)
    assessed = book.claim(made, today).granted()
    made.amount_fen = assessed.amount_fen
    ctx.note(amount_fen=assessed.amount_fen, limits=_limits(assessed))
    return made


def _lock(voucher: Voucher) -> None:
    """The enterprise's row is the lock of its book: two claims or redemptions at once count each other."""
    Organisation.objects.select_for_update().get(pk=voucher.organisation_id)


def _limits(assessed: rules.Assessment) -> list[dict[str, object]]:
    return [{"rule": limit.rule, "fen": limit.fen} for limit in assessed.limits]


@operation(
    "compute.voucher.approve",
    permission=may.VOUCHER_DECIDE,
    title=Text("Approve the voucher", "批准算力券"),
    sentence=Text("approved the voucher {subject}", "批准了算力券 {subject}"),
    lifecycle=VOUCHER,
    transition=VOUCHER.approve,
)
def voucher_approve(ctx: RunContext, voucher: Voucher) -> None:
    """Issue the voucher: its worth is computed again, since the yearly cap may have been used since it was applied for."""
    _lock(voucher)
    today = local_date(ctx.now)
    assessed = book.claim(voucher, today).granted()
    voucher.claimed_on, voucher.amount_fen = today, assessed.amount_fen
    book.write(voucher, assessed.entries)
    ctx.note(amount_fen=assessed.amount_fen, limits=_limits(assessed))


@operation(
    "compute.voucher.reject",
    permission=may.VOUCHER_DECIDE,
    title=Text("Reject", "驳回"),
    sentence=Text("rejected the voucher {subject}", "驳回了算力券 {subject}"),
    lifecycle=VOUCHER,
    transition=VOUCHER.reject,
)
def voucher_reject(ctx: RunContext, voucher: Voucher, *, reason: Reason) -> None:
    """Refuse an application, with the reason."""


@operation(
    "compute.voucher.redeem",
    permission=may.VOUCHER_REDEEM,
    title=Text("Redeem", "兑付"),
    sentence=Text("redeemed the voucher {subject}", "兑付了算力券 {subject}"),
    needs=("approved",),
)
def voucher_redeem(
    ctx: RunContext,
    voucher: Voucher,
    *,
    invoice: Annotated[str, Text("Number of the invoice", "发票号码")],
    invoiced: Annotated[Money, Text("Invoiced for computing", "算力开票金额")],
    delivered: Annotated[Money, Text("Delivered computing", "算力交付金额")],
    first_day: Annotated[date, Text("Delivered from", "交付起始日")],
    last_day: Annotated[date, Text("Delivered until", "交付截止日")],
    statement: Annotated[Statement | None, Text("Statement of use", "用量对账单")] = None,
    proof: Annotated[str, Text("Other proof of delivery", "其他交付证明")] = "",
    corrects: Annotated[str, Text("Credit note for invoice", "红字冲销的发票号码")] = "",
) -> None:
    """Pay what an invoice with its proof of delivery entitles to: the least of share, yearly cap and what is left."""
    _lock(voucher)
    today = local_date(ctx.now)
    row = book.read_delivery(
        invoice, invoiced, delivered, first_day, last_day, statement.code if statement else proof, corrects
    )
    voucher.deliveries = [*voucher.deliveries, row]
    programme, contract = book.programme_of(voucher), book.contract_of(voucher)
    deliveries, history = book.deliveries_of(voucher), book.history(voucher)
    if corrects:
        turned = rules.reverse(programme, contract, book.issued(voucher), deliveries, history, today)
        book.write(voucher, turned.entries)
        ctx.note(paid_back_fen=turned.paid_back_fen)
        return
    assessed = rules.redeem(programme, contract, book.issued(voucher), deliveries, history, today).granted()
    book.write(voucher, assessed.entries)
    ctx.note(paid_fen=assessed.amount_fen, limits=_limits(assessed))
    if rules.position(voucher.code, book.history(voucher)).open == 0:
        voucher.state = VOUCHER.exhaust.target


@operation(
    "compute.voucher.revise",
    permission=may.VOUCHER_REDEEM,
    title=Text("Record what became known", "登记后续查明情况"),
    sentence=Text("recorded what became known of {subject}", "登记了 {subject} 的后续情况"),
    needs=("approved", "exhausted", "expired"),
)
def voucher_revise(
    ctx: RunContext,
    voucher: Voucher,
    *,
    reason: Reason,
    cancelled_on: Annotated[date | None, Text("Contract cancelled on", "合同解除日期")] = None,
    affiliated: Annotated[bool, Text("The supplier is affiliated", "供应方存在关联关系")] = False,
    other_subsidy: Annotated[str, Text("Another subsidy found", "查明的其他补贴")] = "",
) -> None:
    """A cancelled contract, an affiliated supplier, a second subsidy: what was paid too much is claimed back to the fen."""
    if cancelled_on is None and not affiliated and not other_subsidy:
        raise Invalid(
            Text("Nothing new is said.", "未填写任何新情况。"),
            rule="voucher.nothing_new",
            remedy=Text(
                "Give the day of cancellation, the affiliation or the subsidy.",
                "请填写解除日期、关联关系或补贴。",
            ),
            field="cancelled_on",
        )
    _lock(voucher)
    voucher.cancelled_on = cancelled_on or voucher.cancelled_on
    voucher.affiliated = voucher.affiliated or affiliated
    voucher.other_subsidies = [*voucher.other_subsidies, *([other_subsidy] if other_subsidy else [])]
    turned = rules.reverse(
        book.programme_of(voucher),
        book.contract_of(voucher),
        book.issued(voucher),
        book.deliveries_of(voucher),
        book.history(voucher),
        local_date(ctx.now),
    )
    book.write(voucher, turned.entries)
    ctx.note(cause=turned.cause, paid_back_fen=turned.paid_back_fen, released_fen=turned.released_fen)
    if rules.position(voucher.code, book.history(voucher)).state in ("REVOKED", "CLAWED_BACK"):
        voucher.state = VOUCHER.revoke.target
