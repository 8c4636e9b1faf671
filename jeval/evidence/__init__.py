"""How good an instrument is, who has read what, how far readers agree, and what guessers earn: each typed once."""
