"""YAML read as untrusted text: no tags, no aliases, no duplicate keys, bounded size and depth, a line for
each field.

Scalars are kept as written and typed only where a field asks for a type, so `NO`, `1.10` or `12:30` never
turn into something else (YAML 1.1 resolves them to bool, float and a sexagesimal integer).
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

MAX_BYTES = 1 << 20
MAX_DEPTH = 24
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = ("", "null", "~")


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text of a scalar; plain means written without quotes."""

    raw: str
    plain: bool
    line: int

    @property
    def is_null(self) -> bool:
        return self.plain and self.raw in _NULLS


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Cell, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    fields: dict[str, Cell]
    line: int


Cell = Scalar | Sequence | Mapping


def refused(line: int, rule: str, what: Text, remedy: Text, field: str | None = None) -> Invalid:
    """Invalid that begins with the line."""
    return Invalid(
        Text("line {n}: {w}", "第{n}行：{w}").format(n=line, w=what),
        rule=f"plan.{rule}",
        remedy=remedy,
        field=field,
    )


def read(text: str) -> Cell:
    """The tree of a YAML text. Invalid names the line and the rule."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise refused(
            1,
            "yaml.size",
            Text("the file is larger than 1 MiB", "文件超过1 MiB"),
            Text("split the plan", "请拆分规划文件"),
        )
    try:
        _scan(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be read"
        raise refused(
            mark.line + 1 if mark else 1,
            "yaml.syntax",
            Text("not YAML: {p}", "YAML 语法错误：{p}").format(p=problem),
            Text("check indentation, quotes and colons on this line", "请检查该行缩进、引号与冒号"),
        ) from None
    if node is None:
        raise refused(
            1, "yaml.empty", Text("the file is empty", "文件为空"), Text("write a plan", "请写入规划内容")
        )
    return _cell(node)


def _scan(text: str) -> None:
    """One pass over the events before any tree is built: depth, aliases, tags and further documents."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise refused(
                line,
                "yaml.alias",
                Text("aliases (*name) are not allowed", "不允许使用别名（*名称）"),
                Text("write the value out", "请直接写出内容"),
            )
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        tag = getattr(event, "tag", None)
        if tag is not None or documents > 1:
            raise refused(
                line,
                "yaml.tag",
                Text("tags (!…) and further documents are not allowed", "不允许使用标签（!…）或多个文档"),
                Text("write plain YAML", "请使用普通 YAML"),
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise refused(
                line,
                "yaml.depth",
                Text("nested deeper than 24 levels", "嵌套超过24层"),
                Text("flatten it", "请减少嵌套"),
            )


def _cell(node: yaml.Node) -> Cell:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, node.style is None or node.style == "", line)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_cell(n) for n in node.value), line)
    fields: dict[str, Cell] = {}
    for key, value in node.value:
        at = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise refused(
                at,
                "yaml.key",
                Text("a field name is plain text", "字段名应为普通文本"),
                Text("write name: value", "请写“名称: 值”"),
            )
        if key.value in fields:
            raise refused(
                at,
                "yaml.duplicate_key",
                Text("{k} is written twice", "字段{k}重复").format(k=key.value),
                Text("keep one of them", "请保留一处"),
                key.value,
            )
        fields[key.value] = _cell(value)
    return Mapping(fields, line)
