"""What stands before any system sets out: the plan, an open call, a centre, two data sets, an opened scenario."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from hutong.demo import materials
from hutong.demo.stage import Journey
from hutong.kernel.places import plans_directory

# Long enough for two proposals on a slow machine, short enough to wait for: applicants rely on deadlines.
CALL_OPEN = timedelta(seconds=6)


def load_plan(journey: Journey, who: str = "task_force") -> Any:
    """The plan as data, bound by its digest."""
    place = plans_directory() / Path(settings.HUTONG_PLAN).name
    file = journey.store(place.read_bytes(), place.name, "application/yaml")
    return journey.do(who, "plan.plan.load", file=file)


def open_call(journey: Journey) -> Any:
    """A call that anybody may compete for, with its criteria and amounts."""
    call = journey.do(
        "task_force",
        "calls.call.draft",
        title_en="AI for public counters and public decisions",
        title_zh="面向政务窗口与公共决策的人工智能攻关",
        problem="Systems that take routine work off public offices, and can show that they treat people alike. "
        "Who: enterprises, institutes, universities. How judged: by the criteria below, by reviewers without a tie.",
        deadline=(timezone.now() + CALL_OPEN).isoformat(),
        criteria=[
            {"name_en": "Technical merit", "name_zh": "技术先进性", "weight": 4},
            {"name_en": "Public benefit", "name_zh": "公共价值", "weight": 4},
            {"name_en": "Cost", "name_zh": "经费合理性", "weight": 2},
        ],
        hours="40",
        budget="3000000",
    )
    return journey.do("task_force", "calls.call.publish", call=call)


def open_centre(journey: Journey) -> Any:
    """A centre with one pool: the processor cores of this very machine, or of the cluster that the journey names."""
    centre = journey.do(
        "centre_operator",
        "compute.centre.register",
        name_en="Northern Lane Computing Centre",
        name_zh="北巷算力中心",
        connection=journey.connection,
    )
    return journey.do(
        "centre_operator",
        "compute.pool.open",
        centre=centre,
        chip="CPU core",
        chips=2,
        domestic=False,
        price="0.80",
    )


def release_data(journey: Journey) -> dict[str, Any]:
    """Both data sets in the public catalogue: manifest for everybody, rows only under a grant."""
    scans = _dataset(
        journey,
        materials.scans_parquet(),
        title_en="Hand-written digits on forms",
        title_zh="表单手写数字扫描件",
        description="1,500 of the 1,797 scans of scikit-learn's digits (UCI, Alpaydin and Kaynak 1998), 8 by 8 pixels.",
        licence="CC-BY-4.0",
        personal=False,
    )
    arrests = _dataset(
        journey,
        materials.arrests_parquet(),
        title_en="Arrests and releases, Toronto 1997-2002",
        title_zh="多伦多拘捕与释放记录（1997—2002）",
        description="5,226 cases with colour, year, age, sex, employment, citizenship, earlier checks and release "
        "(R package carData, as shipped by scikit-lego). Not of this city: it stands in for records of this kind.",
        licence="GPL-2-data",
        personal=True,
    )
    return {"scans": scans, "arrests": arrests}


def _dataset(journey: Journey, content: bytes, **about: Any) -> Any:
    dataset = journey.do("data_officer", "datahub.dataset.register", grade="general", **about)
    file = journey.store(content, "rows.parquet", "application/vnd.apache.parquet")
    version = journey.do("data_officer", "datahub.version.release", dataset=dataset, label="1", file=file)
    journey.do("data_officer", "datahub.dataset.publish", dataset=dataset)
    return version


def open_scenario(journey: Journey) -> Any:
    """A real process that systems may be piloted in; what must be shown is fixed before any pilot."""
    drafted = journey.do(
        "scenario_owner",
        "scenarios.opportunity.draft",
        title_en="Reading numbers on paper forms at service counters",
        title_zh="政务窗口纸质表单数字识别",
        need="Clerks type digits from paper forms. A system reads them, a clerk confirms each. Wanted: at least "
        "nineteen of twenty right on forms the system has never seen.",
        tests=[
            {"query": "share_correct", "at_least": "9/10", "n_at_least": 200},
            {"query": "error_count", "at_most": 30},
            {"query": "latency_p95_ms", "at_most": 500},
        ],
        days=30,
    )
    return journey.do("scenario_owner", "scenarios.opportunity.publish", opportunity=drafted)
