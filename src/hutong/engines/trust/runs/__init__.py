"""Runs: the plan as a graph of tasks, a journal that survives a kill, and the machines that carry the tasks out.

`run` counts what `observe` counts, digit by digit, whatever the engine, the number of workers, the order in which tasks
end and the times at which the process dies.
"""

from hutong.engines.trust.runs.case import Case, Opener
from hutong.engines.trust.runs.engines import ENGINES
from hutong.engines.trust.runs.files import Inputs
from hutong.engines.trust.runs.folder import Folder, freeze, open_folder, open_inputs
from hutong.engines.trust.runs.graph import ROWS, Task, join, tasks_of
from hutong.engines.trust.runs.journal import Journal
from hutong.engines.trust.runs.outlook import Outlook, outlook
from hutong.engines.trust.runs.run import run

__all__ = [
    "ENGINES",
    "ROWS",
    "Case",
    "Folder",
    "Inputs",
    "Journal",
    "Opener",
    "Outlook",
    "Task",
    "freeze",
    "join",
    "open_folder",
    "open_inputs",
    "outlook",
    "run",
    "tasks_of",
]
