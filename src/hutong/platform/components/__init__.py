"""What a page shows, as plain values: a page fills these, ``{% show thing %}`` draws each with its own template.

A component knows nothing of requests or tables. `Words` are what a person reads: a `Text`, a kernel `Value` (which
says itself, so that a missing figure stays a word), or a plain string for what is the same in both languages (a
name, a code). Addresses are strings; `drawer` is always the address of an evidence drawer. Numbers for drawing are
floats: a book never reads them back. Template of `EmptyState` is ``hutong/components/empty_state.html``, and so on.
"""

from hutong.platform.components.chart import Break, Chart, Series
from hutong.platform.components.evidence import (
    Computed,
    Drawer,
    Facts,
    Given,
    Meaning,
    Proof,
    Timeline,
    TimelineEntry,
    facts,
)
from hutong.platform.components.figure import Figure, Sparkline
from hutong.platform.components.form import Choice, Field, FieldKind, Form, Problem
from hutong.platform.components.grid import Grid, GridCell, GridRow
from hutong.platform.components.lane import Crumb, Lane, Stage, StageState, Stamp, State
from hutong.platform.components.lineage import Lineage, LineageNode
from hutong.platform.components.table import Cell, Column, EmptyState, Table
from hutong.platform.components.verbs import Action, Verbs
from hutong.platform.components.words import (
    SHAPES,
    TONE_WORDS,
    Moment,
    Sayable,
    Tone,
    Words,
    is_component,
    say,
)

__all__ = [
    "SHAPES",
    "TONE_WORDS",
    "Action",
    "Break",
    "Cell",
    "Chart",
    "Choice",
    "Column",
    "Computed",
    "Crumb",
    "Drawer",
    "EmptyState",
    "Facts",
    "Field",
    "FieldKind",
    "Figure",
    "Form",
    "Given",
    "Grid",
    "GridCell",
    "GridRow",
    "Lane",
    "Lineage",
    "LineageNode",
    "Meaning",
    "Moment",
    "Problem",
    "Proof",
    "Sayable",
    "Series",
    "Sparkline",
    "Stage",
    "StageState",
    "Stamp",
    "State",
    "Table",
    "Timeline",
    "TimelineEntry",
    "Tone",
    "Verbs",
    "Words",
    "facts",
    "is_component",
    "say",
]
