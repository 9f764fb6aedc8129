"""A target whose privacy mechanism was run anew by somebody who can: a file of its outputs, with and without one person.

Outputs are single numbers, independent of each other, of the mechanism as it stands in the promise (a noised statistic; for a
trained model the score of one inserted person under repeated training). Who gives them answers for them: level 4 asks for an
evaluator other than the developer, and that evaluator runs the mechanism.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.membership.promise import Promise, promise_of
from hutong.engines.trust.statistics.forms import Floats
from hutong.engines.trust.statistics.forms import refuse as refuse_numbers
from hutong.engines.trust.targets import Predictions, Target
from hutong.engines.trust.types import System, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

WITH, WITHOUT = "with_person", "without"
LARGEST = 2**28


@dataclass(frozen=True)
class Promising:
    """The target, what its system promises, and recorded outputs: (n,) with the person and (m,) without.

    digest: over all three, so that a plan binds them.
    """

    target: Target
    promise: Promise
    outputs: tuple[Floats, Floats] = field(repr=False)

    @property
    def digest(self) -> str:
        drawn = [digest([v.hex() for v in side.tolist()]) for side in self.outputs]
        return digest({"artefact": self.target.digest, "promise": self.promise.as_json(), "outputs": drawn})

    @property
    def access(self) -> str:
        return self.target.access

    def predict(self, rows: Rows) -> Predictions:
        return self.target.predict(rows)

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        """n of the recorded outputs in random order. `Invalid` statistics.dp.outputs where there are fewer."""
        side = self.outputs[0 if with_person else 1]
        if len(side) < n:
            what = Text("{k} outputs of {n} were given.", "仅提供{n}个输出中的{k}个。").format(
                k=len(side), n=n
            )
            raise refuse_numbers("dp.outputs", what, "outputs")
        return np.asarray(side[chance.permutation(len(side))[:n]], dtype=np.float64)

    def __getattr__(self, name: str) -> Any:
        # What the target offers beyond the protocol (`content`, `raw`, `under`, `close`) it offers here too.
        if name.startswith("__") or name in ("target", "promise", "outputs"):
            raise AttributeError(name)
        return getattr(self.target, name)


@dataclass(frozen=True, slots=True)
class WithOutputs:
    """What opens a target, and its recorded outputs beside it: can be sent to another process."""

    opener: Callable[[], Target]
    system: System
    content: bytes = field(repr=False)

    @property
    def alone(self) -> bool:
        return bool(getattr(self.opener, "alone", False))

    @property
    def seconds(self) -> float | None:
        given: float | None = getattr(self.opener, "seconds", None)
        return given

    def recorded(self, cassette: Path | None, replay: bool = False) -> WithOutputs:
        """As the opener within; itself where that records nothing."""
        keeps = getattr(self.opener, "recorded", None)
        return self if keeps is None else replace(self, opener=keeps(cassette, replay))

    def __call__(self) -> Target:
        return promising(self.opener(), self.system, self.content)


def with_outputs(opener: Callable[[], Target], system: System, path: Path) -> WithOutputs:
    """`Invalid` privacy.outputs where the file cannot be read or is over 256 MiB."""
    try:
        if path.stat().st_size > LARGEST:
            raise _unread()
        return WithOutputs(opener, system, path.read_bytes())
    except OSError as error:
        raise _unread() from error


def promising(target: Target, system: System, content: bytes) -> Promising:
    """content: NPZ with the arrays `with_person` and `without`. `Invalid` privacy.outputs, system.privacy."""
    if system.privacy is None:
        what = Text("The system's declaration claims no ε.", "系统声明未给出ε。")
        raise refuse("system.privacy", what, where="privacy")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            sides = [np.asarray(arrays[n], dtype=np.float64) for n in (WITH, WITHOUT)]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unread() from error
    if any(side.ndim != 1 or not len(side) or not np.isfinite(side).all() for side in sides):
        raise _unread()
    return Promising(target, promise_of(system.privacy), (sides[0], sides[1]))


def _unread() -> Exception:
    what = Text("The outputs of the mechanism cannot be read.", "无法读取隐私机制的输出。")
    remedy = Text(
        "Give an NPZ with the arrays with_person and without, one finite number per output.",
        "请提供NPZ文件，含with_person与without两个数组，每个输出为一个有限数值。",
    )
    return refuse("privacy.outputs", what, remedy, "outputs")
