"""The registry of sources as data, a folder a province, and what reads it."""

from pathlib import Path

REGISTRY = Path(__file__).parent
"""The registry that is shipped with the project."""
