"""Near-duplicate texts: an exact set-similarity join over shingles, with clusters and what follows from them.

`search.Search` is the way in. Importing this package loads no compiler; importing `search` does (numba).
"""
