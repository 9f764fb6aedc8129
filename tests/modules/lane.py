"""The lane as test steps: each brings one system one gate further, through operations by the right people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hutong.demo import materials, specs
from hutong.kernel.permission import Actor, Role
from hutong.platform.people import Organisation


@dataclass
class Lane:
    """One system on its way. `people` are made when a step first needs them."""

    hub: Any
    risk_class: str = "2"
    spec: str = specs.FORM_READER
    people: dict[str, Actor] = field(default_factory=dict)
    houses: dict[str, Organisation] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def house(self, key: str) -> Organisation:
        return self.houses.setdefault(key, self.hub.organisation(key))

    def who(self, key: str, role: Role, house: str | None = None) -> Actor:
        if key not in self.people:
            self.people[key] = self.hub.actor(role, self.house(house) if house else None)
        return self.people[key]

    @property
    def engineer(self) -> Actor:
        return self.who("engineer", Role.INNOVATOR, "lab")

    @property
    def office(self) -> Actor:
        return self.who("office", Role.TASK_FORCE)

    def system(self) -> Any:
        if "system" not in self.made:
            self.made["system"] = self.hub.do(
                self.engineer,
                "passport.system.register",
                name_en="Form reader",
                name_zh="表单识别",
                purpose="Reads digits on forms.",
                risk_class=self.risk_class,
            )
        return self.made["system"]

    def call(self, **changes: Any) -> Any:
        given = {
            "title_en": "Reading forms",
            "title_zh": "表单识别攻关",
            "problem": "Read forms.",
            "deadline": (self.hub.clock.now() + timedelta(days=7)).isoformat(),
            "criteria": [
                {"name_en": "Merit", "name_zh": "先进性", "weight": 3},
                {"name_en": "Use", "name_zh": "应用价值", "weight": 2},
            ],
            "hours": "100",
            "budget": "1000000",
        }
        call = self.hub.do(self.office, "calls.call.draft", **{**given, **changes})
        self.hub.do(self.office, "calls.call.publish", call=call)
        self.made["call"] = call
        return call

    def proposal(self) -> Any:
        call = self.made.get("call") or self.call()
        self.made["proposal"] = self.hub.do(
            self.engineer,
            "calls.proposal.submit",
            call=call,
            system=self.system(),
            summary="We read forms.",
            hours="50",
            budget="500000",
        )
        return self.made["proposal"]

    def award(self) -> Any:
        proposal = self.made.get("proposal") or self.proposal()
        call = self.made["call"]
        for number, points in ((1, [80, 90]), (2, [70, 85])):
            reviewer = self.who(f"reviewer{number}", Role.REVIEWER)
            review = self.hub.do(
                self.office, "calls.review.assign", proposal=proposal, reviewer=reviewer.code
            )
            self.hub.do(reviewer, "calls.review.score", review=review, scores=points, comment="Sound.")
        self.hub.clock.move_to(max(call.deadline, self.hub.clock.now()) + timedelta(seconds=1))
        self.hub.do(self.office, "calls.call.close", call=call)
        self.hub.do(self.office, "calls.call.rank", call=call)
        second = self.who("office2", Role.TASK_FORCE)
        self.made["award"] = self.hub.do(
            second, "calls.award.grant", proposal=proposal, hours="40", amount="400000", reason="Best ranked."
        )
        return self.made["award"]

    def pool(self) -> Any:
        operator = self.who("operator", Role.CENTRE_OPERATOR, "centre")
        centre = self.hub.do(operator, "compute.centre.register", name_en="North", name_zh="北中心")
        self.made["pool"] = self.hub.do(
            operator, "compute.pool.open", centre=centre, chip="CPU core", chips=2, price="3.50"
        )
        return self.made["pool"]

    def allocation(self, hours: str = "10") -> Any:
        """A requested and approved allocation; `activate` makes it active."""
        award = self.made.get("award") or self.award()
        pool = self.made.get("pool") or self.pool()
        asked = self.hub.do(
            self.engineer,
            "compute.allocation.request",
            award=award,
            pool=pool,
            hours=hours,
            reason="Training.",
        )
        self.made["allocation"] = self.hub.do(
            self.people["operator"],
            "compute.allocation.approve",
            allocation=asked,
            hours=hours,
            reason="Free.",
        )
        return self.made["allocation"]

    def activate(self) -> Any:
        allocation = self.made.get("allocation") or self.allocation()
        return self.hub.do(self.people["operator"], "compute.allocation.activate", allocation=allocation)

    def dataset_version(self, content: bytes | None = None) -> Any:
        officer = self.who("officer", Role.DATA_OFFICER, "records")
        dataset = self.hub.do(
            officer,
            "datahub.dataset.register",
            title_en="Scans",
            title_zh="扫描件",
            description="Digits.",
            grade="general",
            licence="CC-BY-4.0",
        )
        file = self.hub.store(content or materials.scans_parquet(), "scans.parquet")
        self.made["version_of"] = self.hub.do(
            officer, "datahub.version.release", dataset=dataset, label="1", file=file
        )
        self.hub.do(officer, "datahub.dataset.publish", dataset=dataset)
        self.made["dataset"] = dataset
        return self.made["version_of"]

    def request_grant(self, **changes: Any) -> Any:
        version = self.made.get("version_of") or self.dataset_version()
        given = {
            "system": self.system(),
            "purpose": "training_and_evaluation",
            "justification": "To learn digits.",
            "valid_to": "2027-12-31",
            "quota": 5,
        }
        asked = self.hub.do(self.engineer, "datahub.grant.request", version=version, **{**given, **changes})
        self.made["grant"] = asked
        return asked

    def grant(self, **changes: Any) -> Any:
        asked = self.request_grant(**changes)
        return self.hub.do(
            self.people["officer"], "datahub.grant.issue", grant=asked, reason="Public interest."
        )

    def build(self, spec: str | None = None) -> Any:
        if self.made.get("allocation") is None or self.made["allocation"].state != "active":
            self.activate()
        grant = self.made.get("grant") or self.grant()
        build = self.hub.do(
            self.engineer,
            "forge.build.submit",
            system=self.system(),
            spec=spec or self.spec,
            grant=grant,
            allocation=self.made["allocation"],
        )
        self.made["build"] = build
        return build

    def artefact(self) -> Any:
        build = self.made.get("build") or self.build()
        self.hub.do(self.people["operator"], "compute.job.start", job=build.job)
        self.hub.work()
        build.refresh_from_db()
        self.made["artefact"] = build.artefact
        return build.artefact

    def version(self) -> Any:
        artefact = self.made.get("artefact") or self.artefact()
        self.made["version"] = self.hub.do(
            self.engineer,
            "passport.version.freeze",
            system=self.system(),
            label="1.0",
            model=artefact.model_sha256,
            data=artefact.data_sha256,
            spec=artefact.spec_sha256,
            intended_use="Reading digits at counters, checked by a clerk.",
        )
        return self.made["version"]

    def evaluation(self, *, excused: bool = True, profile: str = "form-reader") -> Any:
        """Requested, planned, with all process checks answered and confirmed."""
        from hutong.engines import trust

        version = self.made.get("version") or self.version()
        document = self.hub.store(b"No attribute of a person is known.", "statement.txt", "text/plain")
        ground = {"not_applicable": "no_person_attributes", "document": document} if excused else {}
        evaluation = self.hub.do(
            self.engineer, "trust.evaluation.request", version=version, profile=profile, **ground
        )
        evaluator = self.who("evaluator", Role.EVALUATOR)
        for check in trust.load_profile(profile).checks:
            given = self.hub.do(
                self.engineer, "trust.evidence.give", evaluation=evaluation, check=check.id, document=document
            )
            self.hub.do(evaluator, "trust.evidence.confirm", evidence=given)
        self.hub.do(evaluator, "trust.evaluation.plan", evaluation=evaluation)
        self.made["evaluation"] = evaluation
        return evaluation

    def measured(self, **options: Any) -> Any:
        evaluation = self.made.get("evaluation") or self.evaluation(**options)
        self.hub.do(self.people["evaluator"], "trust.evaluation.measure", evaluation=evaluation)
        self.hub.work()
        evaluation.refresh_from_db()
        return evaluation

    def certificate(self) -> Any:
        evaluation = self.measured()
        self.hub.do(self.people["evaluator"], "trust.evaluation.pass", evaluation=evaluation)
        second = self.who("evaluator2", Role.EVALUATOR)
        self.made["certificate"] = self.hub.do(
            second, "trust.certificate.issue", evaluation=evaluation, conditions="A clerk confirms each form."
        )
        return self.made["certificate"]

    def filing(self) -> Any:
        if "certificate" not in self.made:
            self.certificate()
        answers = dict.fromkeys(("purpose", "mechanism", "data", "opt_out", "security"), "Stated.")
        filing = self.hub.do(
            self.engineer, "filing.filing.open", version=self.made["version"], answers=answers
        )
        self.hub.do(self.engineer, "filing.filing.submit", filing=filing)
        first, second = self.who("supervisor", Role.SUPERVISOR), self.who("supervisor2", Role.SUPERVISOR)
        self.hub.do(first, "filing.filing.accept", filing=filing)
        self.made["filing"] = self.hub.do(second, "filing.filing.enter", filing=filing)
        return self.made["filing"]

    def ethics(self, choices: str = "aaaaaaa") -> Any:
        """An application with seven members, each voting a(pprove), r(eject), or staying away (-)."""
        application = self.hub.do(
            self.engineer,
            "ethics.application.submit",
            system=self.system(),
            summary="People in custody.",
            safeguards="A person decides.",
        )
        office = self.who("supervisor", Role.SUPERVISOR)
        members = [self.who(f"member{n}", Role.ETHICS_MEMBER) for n in range(len(choices))]
        self.hub.do(
            office, "ethics.panel.convene", application=application, members=[m.code for m in members]
        )
        for member, choice in zip(members, choices, strict=True):
            if choice != "-":
                vote = application.votes.get(member_id=member.id)
                word = {"a": "approve", "r": "reject"}[choice]
                self.hub.do(member, "ethics.vote.cast", vote=vote, choice=word, reason="Considered.")
        self.made["application"] = application
        return application
