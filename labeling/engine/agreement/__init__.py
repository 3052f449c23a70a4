"""How far people agree: coefficients for labels, sets of labels, spans, boxes and polygons."""
