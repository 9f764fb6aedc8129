"""Heterogeneous and elastic training: speed models, the loop of rounds, policies of the literature and our own.

    from hutong.engines.broker import elastic
    applications = elastic.load_applications(folder / "sia_throughput", elastic.SIA_CLUSTER)
    outcome = elastic.simulate(workload, applications, elastic.SIA_CLUSTER, elastic.POLICIES["elastic"]())

A live broker calls `resize`: seconds left per size in, chips per job out.
"""

from hutong.engines.broker.elastic.application import Application, load_application
from hutong.engines.broker.elastic.assignment import assign
from hutong.engines.broker.elastic.cluster import (
    SIA_CLUSTER,
    Configuration,
    Pool,
    Submission,
    Workload,
    configurations,
    load_applications,
    load_workload,
)
from hutong.engines.broker.elastic.experiments import Cell, Comparison, Experiment, experiment
from hutong.engines.broker.elastic.goodput import StepTime, best_goodput, efficiency, fit_step_time
from hutong.engines.broker.elastic.knowledge import Fits
from hutong.engines.broker.elastic.plot import completion_plot
from hutong.engines.broker.elastic.policies import POLICIES
from hutong.engines.broker.elastic.resizing import Malleable, Resized, resize
from hutong.engines.broker.elastic.rounds import Grant, JobOutcome, Policy, RunOutcome, simulate
from hutong.engines.broker.elastic.weighing import Weighing, worth

__all__ = [
    "POLICIES",
    "SIA_CLUSTER",
    "Application",
    "Cell",
    "Comparison",
    "Configuration",
    "Experiment",
    "Fits",
    "Grant",
    "JobOutcome",
    "Malleable",
    "Policy",
    "Pool",
    "Resized",
    "RunOutcome",
    "StepTime",
    "Submission",
    "Weighing",
    "Workload",
    "assign",
    "best_goodput",
    "completion_plot",
    "configurations",
    "efficiency",
    "experiment",
    "fit_step_time",
    "load_application",
    "load_applications",
    "load_workload",
    "resize",
    "simulate",
    "worth",
]
