"""Reading a sentence into its meaning: one module for each sort of morpheme, all over one cursor."""
