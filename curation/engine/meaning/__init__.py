"""What can be done with vectors of meaning: neighbours, duplicates, outliers, clusters, maps. Arrays in, arrays out.

Vectors are float32 [n, width], each of length 1, so that a product is a cosine.
"""
