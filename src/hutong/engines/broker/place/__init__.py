"""Where a task goes: published placement policies, bid-price placement, bounds, and the live broker's decision.

    from hutong.engines.broker.place import bid_price, inflated, replay
    arrivals = inflated(nodes, tasks, seed=42)
    replay(nodes, tasks, arrivals, "FGD", seed=42).allocation(130)
    bid_price(nodes, tasks, arrivals).allocation(130)

Admission rule of all of them: a task that fits somewhere when it arrives is placed, unless `bid_price` is given a
budget of refusals or a waiting room; with a budget of moves it also makes room for tasks that fit nowhere.
"""

from hutong.engines.broker.place.bound import Bounds, bounds
from hutong.engines.broker.place.choose import choose, constraints
from hutong.engines.broker.place.decision import Choice, Fleet, Order, Runner, Want
from hutong.engines.broker.place.fragment import CLASSES, fragments
from hutong.engines.broker.place.gang import gang
from hutong.engines.broker.place.inflation import PUBLISHED_RATIO, Arrivals, inflated
from hutong.engines.broker.place.online import Placed, bid_price
from hutong.engines.broker.place.play import MoveLog
from hutong.engines.broker.place.replay import replay
from hutong.engines.broker.place.room import Patience
from hutong.engines.broker.place.scores import POLICIES
from hutong.engines.broker.place.state import Board, Nodes, Tasks, checked, empty_board
from hutong.engines.broker.place.trajectory import Replay, Trajectory
from hutong.engines.broker.place.typical import Mix, typical

__all__ = [
    "CLASSES",
    "POLICIES",
    "PUBLISHED_RATIO",
    "Arrivals",
    "Board",
    "Bounds",
    "Choice",
    "Fleet",
    "Mix",
    "MoveLog",
    "Nodes",
    "Order",
    "Patience",
    "Placed",
    "Replay",
    "Runner",
    "Tasks",
    "Trajectory",
    "Want",
    "bid_price",
    "bounds",
    "checked",
    "choose",
    "constraints",
    "empty_board",
    "fragments",
    "gang",
    "inflated",
    "replay",
    "typical",
]
