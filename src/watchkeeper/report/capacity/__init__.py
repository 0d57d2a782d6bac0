"""What the reference deployment and its multiples of traffic need, each figure with where it comes from."""

from watchkeeper.report.capacity.plan import Capacity, Plan, capacity
from watchkeeper.report.capacity.telling import text, tree

__all__ = ["Capacity", "Plan", "capacity", "text", "tree"]
