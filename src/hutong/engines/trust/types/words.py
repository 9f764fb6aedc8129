"""Categories, levels and states, as they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from hutong.kernel.text import Text

Category = Literal["Q", "R", "X", "F", "S", "P", "G"]
CATEGORIES: tuple[Category, ...] = ("Q", "R", "X", "F", "S", "P", "G")
CATEGORY_WORDS: dict[Category, Text] = {
    "Q": Text("Good", "质量"),
    "R": Text("Robust", "鲁棒性"),
    "X": Text("Explainable", "可解释性"),
    "F": Text("Fair", "公平性"),
    "S": Text("Safe", "安全性"),
    "P": Text("Private", "隐私保护"),
    "G": Text("Governed", "治理"),
}
LEVEL_WORDS: dict[int, Text] = {
    0: Text("nothing shown", "尚无证据"),
    1: Text("declared", "已声明"),
    2: Text("measured", "已测量"),
    3: Text("challenged", "经对抗检验"),
    4: Text("bounded", "有界保证"),
    5: Text("proven", "已证明"),
}
State = Literal["pass", "fail", "inconclusive", "not_estimable", "not_run", "not_reachable", "not_applicable"]
STATE_WORDS: dict[State, tuple[Text, str]] = {
    "pass": (Text("passes", "通过"), "✔"),
    "fail": (Text("fails", "不通过"), "✘"),
    "inconclusive": (Text("not decided", "未能判定"), "≈"),
    "not_estimable": (Text("cannot be estimated", "无法估计"), "∅"),
    "not_run": (Text("not shown", "未提供证据"), "○"),
    "not_reachable": (Text("not reachable with the tests installed", "现有测试手段无法达到"), "⊘"),
    "not_applicable": (Text("does not apply", "不适用"), "–"),
}
Json = Mapping[str, object]
