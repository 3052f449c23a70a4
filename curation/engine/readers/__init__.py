"""Reading clients' files: found out what they are, read in batches, bad rows listed and good ones kept."""

from curation.engine.readers.profile import Batch, ReadError, RefusedRow, SourceProfile
from curation.engine.readers.reading import read_batches
from curation.engine.readers.sniffing import sniff

__all__ = ["Batch", "ReadError", "RefusedRow", "SourceProfile", "read_batches", "sniff"]
