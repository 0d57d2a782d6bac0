"""What a change of definitions means: what is seen, how late and how loud it is told, and what it costs."""

from watchkeeper.report.diff.change import Change, Meaning
from watchkeeper.report.diff.difference import diff, text, tree

__all__ = ["Change", "Meaning", "diff", "text", "tree"]
