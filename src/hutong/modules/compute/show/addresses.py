"""Addresses of the hand-made pages of computing."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.compute.show.account import statement_csv
from hutong.modules.compute.show.calendar import calendar_file
from hutong.modules.compute.show.experiments_csv import result_csv
from hutong.modules.compute.show.guarantee import guarantee_view
from hutong.modules.compute.show.log import log_view
from hutong.modules.compute.show.map_view import map_view
from hutong.modules.compute.show.partners_view import partners_view
from hutong.modules.compute.show.quote import TITLE as QUOTE
from hutong.modules.compute.show.quote import quote_view
from hutong.modules.compute.show.vouchers import vouchers_view
from hutong.platform.web.pages import page

page("compute/job/<str:code>/log", log_view, "compute_job_log", Text("Log of a job", "作业日志"))
page(
    "compute/allocation/<str:code>/statement.csv",
    statement_csv,
    "compute_statement_csv",
    Text("Statement of an account", "账户明细"),
)
page(
    "compute/centre/<str:code>/partners",
    partners_view,
    "compute_partners",
    Text("Balance with partners", "与合作伙伴的往来"),
)
page(
    "compute/centre/<str:code>/guarantee",
    guarantee_view,
    "compute_guarantee",
    Text("Guarantee of a centre to its own users", "算力中心自用保障履行情况"),
)
page(
    "compute/centre/<str:code>/calendar.ics",
    calendar_file,
    "compute_calendar",
    Text("Calendar of a centre", "算力中心日程"),
)
page(
    "compute/experiment/<str:code>/result.csv",
    result_csv,
    "compute_experiment_csv",
    Text("Result of an experiment", "推演结果"),
)
page("compute/quote", quote_view, "compute_quote", QUOTE)
page("compute/vouchers", vouchers_view, "compute_vouchers", Text("Voucher desk", "算力券办理"))
page("compute/", map_view, "compute_map", Text("Computing", "算力"), navigation=40)
