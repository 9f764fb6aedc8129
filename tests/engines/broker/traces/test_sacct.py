"""sacct output, as Slurm prints it and as it should not come."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from hutong.engines.broker.traces.sacct import parse_sacct, sacct_trace
from hutong.kernel.errors import Invalid

HEAD = "JobID|User|Account|Partition|Submit|Start|End|ElapsedRaw|TimelimitRaw|State|AllocTRES"
GOOD = "7|ann|lab|hub|2024-03-01T10:00:00|2024-03-01T10:00:05|2024-03-01T10:01:05|60|30|COMPLETED|billing=2,cpu=2,gres/gpu:a100=2,gres/gpu=2,mem=16000M,node=1"


def job(**changes: str) -> str:
    return "|".join(
        changes.get(name, value) for name, value in zip(HEAD.split("|"), GOOD.split("|"), strict=True)
    )


def test_jobs_arrays_het_jobs_and_steps() -> None:
    text = "\n".join(
        [
            HEAD,
            GOOD,
            job(JobID="7.batch"),
            job(JobID="7.extern"),
            job(JobID="8_3"),
            job(JobID="9+1"),
            job(JobID="8_[4-9%2]", State="PENDING", Start="Unknown", End="Unknown", AllocTRES=""),
            "",
        ]
    )
    made, bad = parse_sacct(text)
    assert [j.job for j in made] == ["7", "8_3", "9+1", "8_[4-9%2]"] and bad == ()
    assert (made[0].submit_ms, made[0].end_ms - made[0].start_ms, made[0].limit_ms) == (
        1_709_287_200_000,
        60_000,
        1_800_000,
    )
    assert made[0].chips == (("a100", 2),) and made[0].chip_count == 2 and made[0].cpus == 2
    assert (made[3].start_ms, made[3].end_ms, made[3].chips) == (-1, -1, ())
    assert sacct_trace(made).name == ("7", "8_3", "9+1")


def test_a_requeued_job_has_a_line_per_attempt_but_no_line_twice() -> None:
    again = job(Start="2024-03-01T11:00:00", End="2024-03-01T11:05:00", State="TIMEOUT")
    made, _ = parse_sacct("\n".join([HEAD, job(State="NODE_FAIL"), again]))
    assert [j.state for j in made] == ["NODE_FAIL", "TIMEOUT"]
    with pytest.raises(Invalid) as twice:
        parse_sacct("\n".join([HEAD, GOOD, again, GOOD]))
    assert "line 4, JobID" in twice.value.what.en


def test_chips_without_a_model_and_jobs_without_chips() -> None:
    made, _ = parse_sacct(
        "\n".join(
            [
                HEAD,
                job(AllocTRES="cpu=4,gres/gpu=3"),
                job(JobID="8", AllocTRES="cpu=4,gres/gpu:a=1,gres/gpu:b=1,gres/gpu=3"),
                job(JobID="9", AllocTRES="cpu=4"),
            ]
        )
    )
    assert [j.chips for j in made] == [(("", 3),), (("", 1), ("a", 1), ("b", 1)), ()]
    assert sacct_trace(made).chips.tolist() == [3, 3, 4]


def test_who_cancelled_and_other_column_orders() -> None:
    head = "State|AllocTRES|Extra|JobID|User|Account|Submit|Start|End"
    made, _ = parse_sacct(
        head + "\nCANCELLED by 1000|cpu=1|x|5|李雷|实验室|2024-03-01T10:00:00|None|2024-03-01T10:01:05\r\n"
    )
    assert (made[0].state, made[0].user, made[0].account, made[0].start_ms, made[0].partition) == (
        "CANCELLED",
        "李雷",
        "实验室",
        -1,
        "",
    )


def test_the_clock_of_the_cluster_is_taken_as_told() -> None:
    """One hour of the night on which clocks go back is there twice; the hour that is skipped is refused."""
    berlin = ZoneInfo("Europe/Berlin")
    night = job(Submit="2024-10-26T22:00:00", Start="2024-10-26T22:00:00", End="2024-10-27T06:00:00")
    made, _ = parse_sacct("\n".join([HEAD, night]), zone=berlin)
    assert made[0].end_ms - made[0].start_ms == 9 * 3_600_000
    skipped = job(Start="2025-03-30T02:30:00", End="2025-03-30T04:00:00")
    with pytest.raises(Invalid) as gap:
        parse_sacct("\n".join([HEAD, skipped]), zone=berlin)
    assert "line 2, Start" in gap.value.what.en


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (job(JobID="7;rm"), "JobID"),
        (job(JobID="$(touch x)"), "JobID"),
        (job(State="DONE"), "State"),
        (job(Submit="2024-13-01T10:00:00"), "Submit"),
        (job(Submit="Unknown"), "End"),
        (job(End="2024-03-01T10:00:04"), "End"),
        (job(AllocTRES="gres/gpu=-1"), "AllocTRES"),
        (job(AllocTRES="gres/gpu:a100=nan"), "AllocTRES"),
        (GOOD + "|more", "line"),
        ("7|ann", "line"),
    ],
)
def test_a_bad_line_is_named_and_refuses_all_or_is_left_out(bad: str, field: str) -> None:
    text = "\n".join([HEAD, job(JobID="1"), bad, job(JobID="2")])
    with pytest.raises(Invalid) as refused:
        parse_sacct(text)
    assert f"line 3, {field}:" in refused.value.what.en
    made, left_out = parse_sacct(text, bad_lines="keep-good")
    assert [j.job for j in made] == ["1", "2"] and [(b.number, b.field) for b in left_out] == [(3, field)]


def test_a_delimiter_that_no_name_holds() -> None:
    text = "\n".join([HEAD, job(Account="a|b".replace("|", "/"))]).replace("|", "\x1f").replace("a/b", "a|b")
    made, _ = parse_sacct(text, delimiter="\x1f")
    assert made[0].account == "a|b"


def test_missing_columns_are_named() -> None:
    with pytest.raises(Invalid) as lacking:
        parse_sacct("JobID|User\n7|ann")
    assert lacking.value.rule == "trace.columns" and "Account, Submit, Start" in lacking.value.what.en
