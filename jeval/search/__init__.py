"""``jeval search``: an evolutionary search for a merge, judged by :class:`jeval.Fitness`.

Thin over three things: mergekit merges (a candidate is a mergekit configuration), Optuna samples, ``Fitness`` measures on items
that no audit asks. Its end is an audit of what was found and of its parents.
"""

from __future__ import annotations
