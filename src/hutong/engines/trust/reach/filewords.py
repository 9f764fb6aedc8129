"""The findings about foreign files: one rule, one sentence in both languages, each with what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.engines.trust.types import Finding, Json, refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

_EXPORT = Text(
    "Export the model to ONNX or to a skops file of known types.", "请导出为ONNX或仅含可信类型的skops文件。"
)
WORDS: dict[str, Text] = {
    "file.empty": Text("the file is empty", "文件为空"),
    "file.size": Text("the file is too large", "文件过大"),
    "file.kind": Text("the file is of no kind that can be evaluated", "无法识别文件类型"),
    "file.pickle": Text(
        "this is a pickle: opened, it would run {what}; it was read, not loaded",
        "该文件为pickle格式，打开时将执行{what}；仅作静态检查，未加载",
    ),
    "file.pickle_unreadable": Text(
        "this is a pickle that cannot be read to its end", "该pickle文件无法完整读取"
    ),
    "file.archive_truncated": Text("the archive is cut off or damaged", "压缩包被截断或损坏"),
    "file.archive_bomb": Text("the archive unpacks to far more than it holds", "压缩包解压后体积异常膨胀"),
    "file.archive_path": Text("the archive names a path outside itself", "压缩包含有越界路径"),
    "file.archive_kind": Text("the archive holds no model that can be evaluated", "压缩包内无可评估的模型"),
    "file.onnx_form": Text("this is not an ONNX model, or it is cut off", "不是ONNX模型或文件不完整"),
    "file.onnx_path": Text(
        "the model takes weights from a path outside its folder: {what}",
        "模型引用了越界路径的外部权重：{what}",
    ),
    "file.onnx_external": Text(
        "the model takes weights from another file: {what}", "模型引用外部权重文件：{what}"
    ),
    "file.onnx_operator": Text("the operator {what} is not a standard one", "算子{what}不属于标准算子"),
    "file.skops_types": Text(
        "the file needs types that are not trusted: {what}", "文件含有不受信任的类型：{what}"
    ),
    "file.skops_form": Text("the skops file cannot be read", "skops文件无法读取"),
    "file.skops_missing": Text(
        "skops is not installed, so that no type can be trusted", "未安装skops，无法判定类型是否可信"
    ),
    "jail.unavailable": Text(
        "this machine cannot jail the reader of a foreign file, so the file is not opened",
        "本机无法隔离外来文件的读取进程，故不予打开",
    ),
    "jail.time": Text("reading the file takes too long", "读取文件超时"),
    "jail.memory": Text("reading the file takes too much memory", "读取文件占用内存过大"),
    "jail.crash": Text("reading the file ended the reader", "读取文件导致检查进程异常终止"),
    "jail.blocked": Text("reading the file tried {what}", "读取文件时试图执行{what}"),
}


def found(rule: str, what: str = "", details: Sequence[Json] = ()) -> Finding:
    """The one finding of that name; what: the name, path or operator it speaks of."""
    words = WORDS[rule]
    if "{what}" in words.en:
        words = words.format(what=what[:200])
    return Finding(rule, "fail", words, details=tuple(details))


def refused(finding: Finding, where: str = "model") -> Invalid:
    """The finding as the error that refuses the file, to be raised by the caller."""
    return refuse(finding.claim, finding.words, _EXPORT, where)
