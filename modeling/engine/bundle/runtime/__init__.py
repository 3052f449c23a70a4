"""How a bundle answers.

These files are the service's own and lie in every bundle as well, so that what was measured is what runs elsewhere.
They import NumPy, ONNX Runtime and, for texts or pictures, tokenizers or Pillow, and nothing of ours.
"""
