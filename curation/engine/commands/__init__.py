"""Commands of ``python -m curation.engine``, one file each: `add` registers it, and its options name what to run."""
