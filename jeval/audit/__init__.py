"""Evidence that stands: is a run folder unchanged, and is this the model that was evaluated."""
