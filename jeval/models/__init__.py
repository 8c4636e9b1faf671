"""The model under test: where it lies, which weights it has, whether it is whole, and its answers so far."""
