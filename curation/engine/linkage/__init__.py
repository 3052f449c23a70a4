"""Record linkage: which rows of a table are the same thing, without labels (Fellegi and Sunter 1969)."""
