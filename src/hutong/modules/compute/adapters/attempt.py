"""What is sent to a centre: an attempt with its fence, and the task it runs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,126}")


def _invalid(what: Text, rule: str, remedy: Text, name: str) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=name)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a job at one centre. job and id are made of ASCII letters, digits, ``-`` and ``_``; fence from 1.

    Raises `Invalid` attempt.name or attempt.fence.
    """

    job: str
    id: str
    fence: int

    def __post_init__(self) -> None:
        for name, value in (("job", self.job), ("id", self.id)):
            if not _SAFE.fullmatch(value):
                raise _invalid(
                    Text("“{v}” does not name an attempt.", "“{v}”不能作为运行尝试的名称。").format(
                        v=value[:70]
                    ),
                    "attempt.name",
                    Text(
                        "Use up to 63 letters, digits, - and _.",
                        "请使用不超过 63 个字母、数字、连字符和下划线。",
                    ),
                    name,
                )
        if self.fence < 1:
            raise _invalid(
                Text("A fence is a number from 1.", "隔离令牌须为不小于 1 的整数。"),
                "attempt.fence",
                Text("Take the job's last fence plus one.", "请在作业最近一次令牌上加一。"),
                "fence",
            )

    @property
    def name(self) -> str:
        """How the attempt is called inside the engine: ``htg.JOB.FENCE.ID``."""
        return f"htg.{self.job}.{self.fence}.{self.id}"

    @classmethod
    def named(cls, name: str) -> Attempt | None:
        """The attempt of that name inside the engine; None where the name is none of ours."""
        parts = name.split(".")
        if len(parts) != 4 or parts[0] != "htg" or not parts[2].isascii() or not parts[2].isdigit():
            return None
        if not (_SAFE.fullmatch(parts[1]) and _SAFE.fullmatch(parts[3])) or parts[2] != str(int(parts[2])):
            return None
        return cls(parts[1], parts[3], int(parts[2])) if int(parts[2]) else None


@dataclass(frozen=True, slots=True)
class Task:
    """What to run: an argument list, never a shell's line, on whole chips for a limited time.

    label is what people call the job: any text; engines show it, none interprets it. model None takes any chip. chips
    is for all nodes together. Raises `Invalid` task.command, task.amount, task.gang or task.environment.
    """

    command: tuple[str, ...]
    chips: int
    limit_s: int
    label: str = ""
    model: str | None = None
    nodes: int = 1
    cpus: int = 1
    memory_mib: int | None = None
    account: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.command or not self.command[0] or any("\0" in a for a in self.command):
            raise _invalid(
                Text("A command is a list of texts without NUL.", "命令须为不含空字符的文本列表。"),
                "task.command",
                Text("Give the program and its arguments one by one.", "请逐项给出程序及其参数。"),
                "command",
            )
        self._amounts()
        if any(not _VARIABLE.fullmatch(k) or "\0" in v for k, v in self.environment.items()):
            raise _invalid(
                Text("A variable has a plain name and no NUL.", "环境变量名须合规，且不含空字符。"),
                "task.environment",
                Text("Use letters, digits and _.", "请使用字母、数字和下划线。"),
                "environment",
            )

    def _amounts(self) -> None:
        amounts = {"chips": self.chips + 1, "limit_s": self.limit_s, "nodes": self.nodes, "cpus": self.cpus}
        amounts["memory_mib"] = self.memory_mib if self.memory_mib is not None else 1
        for name, value in amounts.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise _invalid(
                    Text("An amount of a job is a whole number above zero.", "作业数量须为大于零的整数。"),
                    "task.amount",
                    Text("Chips may be 0; nothing is rounded.", "芯片数可为 0；系统不作取整。"),
                    name,
                )
        if self.chips % self.nodes:
            raise _invalid(
                Text("The chips do not divide over the nodes.", "芯片数无法在节点间均分。"),
                "task.gang",
                Text("Choose chips as a multiple of nodes.", "请使芯片数为节点数的整数倍。"),
                "chips",
            )

    @property
    def digest(self) -> str:
        """SHA-256 of the task: two starts of one attempt are the same start if this is the same."""
        plain = asdict(self) | {"environment": dict(self.environment)}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
