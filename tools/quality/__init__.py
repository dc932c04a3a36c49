"""What the mark achieves with a real model, written to docs/watermark-quality.md.

`make watermark-quality` runs SmolLM2 with one thread for about ten minutes; the
numbers it prints have their sample sizes beside them.
"""
