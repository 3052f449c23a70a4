"""Pictures: what a file is by its content, decoding within limits, what was odd about it, and how good it is."""
