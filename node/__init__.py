"""Vigil: federated node software for the police units that identify child victims."""

__version__ = "0.1.0"
