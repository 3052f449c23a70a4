"""Personal data in text: recognizers as rows of a table, one fast scan, spans in code points."""
