"""A campaign of planted faults: which check of the project catches which, and which none does.

    python -m tests.campaign            all faults, to results.csv
    python -m tests.campaign --sample 100 --kind "a digit in a table"

Each fault is one change of one file in a scratch copy of the project. It is tried twice: as
planted, and laundered, after the editor's own tools have made hashes agree with it again.
`faults` makes the list from a seed, `mutants` those of the models, `checks` knows what can catch
each, `worker` tries one fault in a process of its own, `__main__` runs the list.
"""
