"""``jeval bank real``: two models of the registry and two made from one of them, audited side by side: do the instruments see who
has read the articles?
"""
