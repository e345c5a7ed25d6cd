"""Containers of checkpoints, read without running anything in them."""
