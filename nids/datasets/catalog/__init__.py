"""The data sets: a module or package each, whose ``DATASET`` describes it, or a TOML file as users write them.

A module of generated rows also has ``generate(rows, seed)``, which returns a table of the columns and labels, the same
for the same arguments. Nothing else lists them: a file that is added here is a data set that a job can name.
"""
