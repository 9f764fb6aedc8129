"""The picture with every elastic job at its least size: what the order, the cycle and the rights see."""

from __future__ import annotations

from dataclasses import replace

from hutong.engines.broker.decide.picture import Asked, Held, Offer, Picture, Sizing


def cost_ms(checkpoint_ms: int, sizing: Sizing) -> int:
    """What a change of size costs a job: saving and starting again."""
    return max(0, checkpoint_ms) + sizing.restart_ms


def may_change(held: Held, picture: Picture) -> bool:
    """Whether a job at work may be called back to go on at another size: it saves its work, has kept its size long enough,
    is not called back yet, and has enough of its limit left."""
    return (
        0 < held.least < held.most
        and held.checkpoint_ms >= 0
        and held.due_ms is None
        and picture.now_ms - held.since_ms >= picture.sizing.stay_ms
        and held.ends_ms - picture.now_ms > cost_ms(held.checkpoint_ms, picture.sizing)
    )


def lean(picture: Picture) -> Picture:
    """The same with every elastic job that can give chips back, or is giving them back, at its least size. One that has
    to keep its size for a while yet holds its other chips, as somebody of its own, until it will have given them back."""
    more: dict[str, int] = {}
    running: list[Held] = []
    kept: list[Held] = []
    for held in picture.running:
        frees = _frees_ms(held, picture)
        if frees is None:
            running.append(held)
            continue
        running.append(replace(held, chips=held.least, due_ms=None))
        if frees <= picture.now_ms:
            more[held.job] = held.chips - held.least
        else:
            surplus = held.chips - held.least
            kept.append(
                replace(held, job=f"{held.job}+", chips=surplus, ends_ms=frees, due_ms=frees, least=0, most=0)
            )
    if not more and not kept:
        return picture
    offers = tuple(_leaner(o, picture, more) for o in picture.offers)
    return replace(picture, running=(*running, *kept), offers=offers)


def _frees_ms(held: Held, picture: Picture) -> int | None:
    """When a job can have given back what it holds beyond its least, as the cycle counts it: now where it may be called
    or is; None where it does not before its end."""
    if not 0 < held.least < held.chips:
        return None
    if held.resizing or may_change(held, picture):
        return picture.now_ms
    sizing = picture.sizing
    frees = held.since_ms + sizing.stay_ms + sizing.turn_ms + cost_ms(held.checkpoint_ms, sizing)
    soon = held.least < held.most and held.checkpoint_ms >= 0 and held.due_ms is None
    return frees if soon and picture.now_ms < frees < held.ends_ms else None


def _leaner(offer: Offer, picture: Picture, more: dict[str, int]) -> Offer:
    here = [h for h in picture.running if h.pool == offer.pool]
    # A pool made smaller under its jobs has nothing to give before they are back within it.
    over = max(0, sum(h.chips for h in here) - offer.total)
    free = offer.free + max(0, sum(more.get(h.job, 0) for h in here) - over)
    if offer.lendable is None:
        return replace(offer, free=free)
    guests = sum(more.get(h.job, 0) for h in here if guest(h, offer))
    return replace(offer, free=free, lendable=offer.lendable + guests)


def guest(who: Held | Asked, offer: Offer) -> bool:
    """Whether these are users of another centre."""
    return who.centre not in ("", offer.centre)


def elastic(picture: Picture) -> bool:
    """Whether any job of the picture has more than one size."""
    return any(h.least < h.most for h in picture.running) or any(
        a.most is not None and a.most > a.chips for a in picture.waiting
    )
