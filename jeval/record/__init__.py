"""What a run writes: record, samples, manifest, the folder, and comparisons of runs. Typed in one place."""
