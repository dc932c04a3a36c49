"""Serving a release that the gate allows, with a receipt for every answer."""

from audit.release.serve._config import Caller, ServeConfig, read_config
from audit.release.serve._serve import Place, engine_name, find_gguf, serve

__all__ = ["Caller", "Place", "ServeConfig", "engine_name", "find_gguf", "read_config", "serve"]
