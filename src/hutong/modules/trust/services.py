"""A deployed service as the engine wants it: what it is declared to be, how it is asked, what it says it is."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from hutong.engines import trust
from hutong.engines.trust.reach import identity
from hutong.engines.trust.runs.records import system_of
from hutong.kernel.canonical import canonical
from hutong.kernel.errors import Conflict, HutongError, Invalid
from hutong.kernel.text import Text
from hutong.modules.trust import endpoints
from hutong.modules.trust.models import Service
from hutong.platform import files

FORMAT = "hutong-service/1"
# Parts of the declaration of a classifier that say where its rows lie, beside what the engine reads.
ROWS = frozenset({"label", "groups"})
DECLARED = frozenset({"labels", "positive", "decision_at", "domain", "promises"})
UNREACHED = frozenset({"endpoint.address", "endpoint.name"})
INSIDE = Text(
    "The endpoint lies where the hub may not ask, or its name leads nowhere.",
    "接口位于平台不得访问的网络，或其主机名无法解析。",
)
INSIDE_REMEDY = Text(
    "The hub's operator looks at its entry in {f}.", "请平台运维人员核对其在 {f} 中的登记。"
).format(f=endpoints.FILE)


def admitted(service: Service) -> endpoints.Admitted:
    """The endpoint behind the service, as the operator's file has it today. Errors as `endpoints.admitted`."""
    return endpoints.admitted(service.endpoint, service.system.organisation.code)


def system_declared(
    declaration: Mapping[str, Any] | None, name: str, version: str, guarded: bool
) -> trust.System:
    """The system under a name and a version; of words where nothing is declared. `Invalid` system.*."""
    if declaration is None:
        return trust.System(name, version, trust.Domain("text", ()), ())
    told = {k: v for k, v in declaration.items() if k in DECLARED}
    return system_of({**told, "name": name, "version": version, "guarded": guarded})


def columns_of(declaration: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that an evaluation reads: inputs, label, groups."""
    system = system_declared(declaration, "", "", True)
    inputs = tuple(c.name for c in system.domain.columns)
    return (*inputs, str(declaration.get("label", "label")), *map(str, declaration.get("groups", ())))


def check_declared(declaration: Any, given: endpoints.Admitted, granted: tuple[str, ...] | None) -> None:
    """Refuse what could not be asked: `Invalid` service.words, service.declaration, service.grant, service.instruction."""
    if declaration is None:
        if given.endpoint.kind != "openai" or granted is not None:
            raise _refuse(
                "words",
                Text(
                    "A service that answers in words is a chat endpoint and reads no rows.",
                    "生成文本的服务须为对话接口，且不读取数据行。",
                ),
                "declaration",
            )
        return
    unknown = set(declaration) - DECLARED - ROWS if isinstance(declaration, Mapping) else {"-"}
    if unknown or declaration.get("domain", {}).get("kind") == "text":
        raise _refuse(
            "declaration",
            Text("The declaration has no part “{k}”.", "声明中没有“{k}”部分。").format(
                k=str(min(unknown, default="domain.kind"))[:40]
            ),
            "declaration",
        )
    missing = [c for c in columns_of(declaration) if c not in (granted or ())]
    if missing:
        raise _refuse(
            "grant",
            Text("The grant does not cover the column {c}.", "授权未包含列{c}。").format(c=missing[0][:60]),
            "grant",
        )
    if given.endpoint.kind == "openai" and not isinstance(given.endpoint.chat.get("instruction"), str):
        raise _refuse(
            "instruction",
            Text(
                "The operator's entry gives a chat no instruction to classify.",
                "运维登记未给出对话接口的分类提示语。",
            ),
            "endpoint",
        )


def _refuse(rule: str, what: Text, field: str) -> Invalid:
    remedy = Text("See the guide, “A deployed service”.", "参见指南“已部署的服务”一节。")
    return Invalid(what, rule=f"service.{rule}", remedy=remedy, field=field)


def greet(service: Service) -> str:
    """Ask the service what it is. Never inside a transaction: it may take its time."""
    given = admitted(service)
    system = system_declared(service.declaration, service.code, service.build, True)
    return identity.greet(given.endpoint, system)


def changed(service: Service) -> str | None:
    """Why the service is no longer what was registered, for its record; None while nothing speaks against it.

    A service that does not answer has not changed: an outage is not told here. `HutongError` for it.
    """
    given = admitted(service)
    if given.address != service.address:
        return "it is asked elsewhere or otherwise than it was / 访问地址或询问方式已改变"
    now = greet(service)
    return None if now == service.said else told(service.said, now)


def told(before: str, now: str) -> str:
    return f"it says “{now or '-'}”, before “{before or '-'}” / 现自称“{now or '-'}”，此前为“{before or '-'}”"


def card_of(service: Service, said: str, address: str) -> str:
    """Put down what the service is, and return the digest of that file. It stands for the model from then on."""
    record = {
        "format": FORMAT,
        "service": service.code,
        "system": service.system.code,
        "endpoint": service.endpoint,
        "address": address,
        "build": service.build,
        "said": said,
        "answers": "words" if service.in_words else "labels",
    }
    return _stored(record, f"{service.code}.json")


def spec_of(service: Service) -> str:
    """Put down what its owner declares, and return the digest of that file."""
    record = {"format": FORMAT, "service": service.code, "declaration": service.declaration}
    return _stored(record, f"{service.code}-declaration.json")


def _stored(record: Mapping[str, Any], name: str) -> str:
    kept = files.store(BytesIO(canonical(record)), name=name, media_type="application/json")
    return str(kept.sha256)


# Who has to put right what, where the engine's own remedy speaks to somebody at a terminal.
MEND = Text(
    "Whoever runs the service puts it right; then take this step again.",
    "请服务运行方排除故障后重新执行本步骤。",
)
OPERATOR = Text(
    "The hub's operator puts it right; then take this step again.", "请平台运维人员处理后重新执行本步骤。"
)
BY_OPERATOR = (
    "endpoint.key",
    "endpoint.budget",
    "endpoint.not_admitted",
    "endpoint.file",
    "cassette.",
    "journal.",
)


def _remedy(error: HutongError) -> Text:
    if error.rule.startswith(BY_OPERATOR):
        return OPERATOR
    return MEND if error.rule.startswith(("endpoint.", "output.")) else error.remedy


def fault_of(error: Exception) -> dict[str, Any]:
    """Why asking broke off, as a record may keep it: no address, no token, nothing that a stranger's server wrote."""
    if not isinstance(error, HutongError):
        what = Text("The run ended with an error of the hub: {e}.", "运行因平台错误终止：{e}。")
        return {
            "rule": "run.fault",
            "what": what.format(e=type(error).__name__).as_json(),
            "remedy": Text("Report it to the hub's operator.", "请告知平台运维人员。").as_json(),
        }
    if error.rule in UNREACHED:
        return {"rule": error.rule, "what": INSIDE.as_json(), "remedy": INSIDE_REMEDY.as_json()}
    return {"rule": error.rule, "what": error.what.as_json(), "remedy": _remedy(error).as_json()}


def moved(service: Service) -> Conflict:
    """The error of an evaluation whose service did not stay what it was."""
    return Conflict(
        Text(
            "{s} is not what was registered, so nothing can be said of one system.",
            "{s} 与登记内容不一致，无法就单一系统得出结论。",
        ).format(s=service.code),
        rule="service.changed",
        remedy=Text(
            "Register what is served now, freeze it as a version, and ask for its evaluation.",
            "请登记现行服务、固定为新版本后另行申请评测。",
        ),
    )
