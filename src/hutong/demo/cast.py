"""Who takes part in the journey: organisations and people of a city that does not exist, each with one role."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.kernel.identifiers import uscc_check_digit
from hutong.kernel.permission import Role
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class House:
    """An organisation of the cast. number: the first 17 characters of its credit code."""

    key: str
    name: Text
    kind: str
    number: str

    @property
    def register_id(self) -> str:
        return self.number + uscc_check_digit(self.number)


@dataclass(frozen=True, slots=True)
class Player:
    """A person of the cast with one role, for one house or for the whole hub."""

    key: str
    name: str
    role: Role
    house: str | None = None

    @property
    def email(self) -> str:
        return f"{self.key.replace('_', '.')}@hutong.example"


HOUSES = (
    House("forms_lab", Text("Lanyun Forms Lab", "蓝云表单实验室"), "enterprise", "91110108MA00LANY0"),
    House(
        "justice_lab",
        Text("Hengping Decision Systems", "衡平决策系统公司"),
        "enterprise",
        "91110105MA00HENP0",
    ),
    House("centre", Text("Northern Lane Computing Centre", "北巷算力中心"), "centre", "91110114MA00BEXU0"),
    House("records", Text("City Records Office", "市档案服务中心"), "public_body", "12110000MB00DANG0"),
    House("counter", Text("District Service Counters", "区政务服务大厅"), "public_body", "12110101MB00JWFW0"),
)

PLAYERS = (
    Player("operator", "Ning Yun", Role.OPERATOR),
    Player("task_force", "Gao Ran", Role.TASK_FORCE),
    Player("task_force_second", "Meng Zhe", Role.TASK_FORCE),
    Player("forms_engineer", "Lan Yi", Role.INNOVATOR, "forms_lab"),
    Player("justice_engineer", "Heng Bo", Role.INNOVATOR, "justice_lab"),
    Player("reviewer_one", "Shen Wei", Role.REVIEWER),
    Player("reviewer_two", "Tao Min", Role.REVIEWER),
    Player("reviewer_three", "Qiu Lan", Role.REVIEWER),
    Player("centre_operator", "Bei Chen", Role.CENTRE_OPERATOR, "centre"),
    Player("centre_second", "Bei Rong", Role.CENTRE_OPERATOR, "centre"),
    Player("data_officer", "Dang An", Role.DATA_OFFICER, "records"),
    Player("evaluator", "Ping Ce", Role.EVALUATOR),
    Player("evaluator_second", "Ping Yan", Role.EVALUATOR),
    Player("supervisor", "Jian Du", Role.SUPERVISOR),
    Player("supervisor_second", "Jian Guan", Role.SUPERVISOR),
    *(Player(f"ethics_{n}", name, Role.ETHICS_MEMBER) for n, name in enumerate(
        ("Lun Yi", "Lun Er", "Lun San", "Lun Si", "Lun Wu", "Lun Liu", "Lun Qi"), start=1
    )),
    Player("scenario_owner", "Chang Jing", Role.SCENARIO_OWNER, "counter"),
    Player("auditor", "Shen Ji", Role.AUDITOR),
)  # fmt: skip
