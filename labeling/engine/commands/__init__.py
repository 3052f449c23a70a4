"""Commands of ``python -m labeling.engine``, one file each: `add` registers it, and its options name what to run."""
