"""What every room needs of Japanese: text folded to one spelling with its offsets kept, numerals, eras."""
