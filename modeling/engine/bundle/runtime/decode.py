"""Curation's decoding of pictures. A bundle holds that file, and kinds.py beside it, in place of this one."""

from curation.engine.pictures.decode import BYTE_LIMIT, PictureError, decode

__all__ = ["BYTE_LIMIT", "PictureError", "decode"]
