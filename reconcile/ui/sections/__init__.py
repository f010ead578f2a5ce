"""The parts that pages are made of, where a part is more than a few lines."""
