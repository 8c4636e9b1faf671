"""The one road: task pack, choice of items, evaluation, scores; and the registry of domains."""
