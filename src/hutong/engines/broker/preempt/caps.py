"""How much work preemption may destroy: a cap on lost chip-time in any hour, so that eagerness does not waste the pool.

The window slides: what was lost counts for an hour from the instant of the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hutong.kernel.errors import Exhausted
from hutong.kernel.text import Text

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Loss:
    """lost_ms chip-milliseconds destroyed at an instant."""

    at_ms: int
    lost_ms: int


@dataclass(frozen=True, slots=True)
class LossCap:
    """At most `lost_ms` chip-milliseconds in any `window_ms`. version: of the policy or agreement it stands in."""

    version: str
    lost_ms: int
    window_ms: int = HOUR_MS

    def spent(self, losses: Sequence[Loss], now_ms: int) -> int:
        """Lost in the window that ends now (its beginning excluded). A loss dated ahead of now counts: clocks may differ."""
        return sum(loss.lost_ms for loss in losses if loss.at_ms > now_ms - self.window_ms)

    def allowed_from(self, losses: Sequence[Loss], more_ms: int, now_ms: int) -> int | None:
        """The first instant from now on at which `more_ms` more may be lost; None where it alone exceeds the cap."""
        if more_ms > self.lost_ms:
            return None
        spent = self.spent(losses, now_ms)
        at = now_ms
        for loss in sorted(losses, key=lambda one: one.at_ms):
            if spent + more_ms <= self.lost_ms:
                break
            if loss.at_ms > now_ms - self.window_ms:
                spent -= loss.lost_ms
                at = max(now_ms, loss.at_ms + self.window_ms)
        return at

    def check(self, losses: Sequence[Loss], more_ms: int, now_ms: int) -> None:
        """Raises `Exhausted` ``preempt.cap``, saying when it would be allowed."""
        at = self.allowed_from(losses, more_ms, now_ms)
        if at == now_ms:
            return
        if at is None:
            remedy = Text(
                "This alone exceeds the cap: wait for checkpoints.", "单次损失已超上限，请等待检查点。"
            )
        else:
            remedy = Text("It is allowed in {s} s.", "{s} 秒后允许。").format(s=-(-(at - now_ms) // 1000))
        raise Exhausted(
            Text(
                "Preempting now would destroy {m} chip-seconds; {c} of {t} an hour are left.",
                "此时抢占将损失 {m} 卡秒；本时段上限 {t} 卡秒，尚余 {c} 卡秒。",
            ).format(
                m=more_ms // 1000,
                c=max(0, self.lost_ms - self.spent(losses, now_ms)) // 1000,
                t=self.lost_ms // 1000,
            ),
            rule="preempt.cap",
            remedy=remedy,
        )
