"""Marks a text for the catalogues where it is defined; it is translated where it is shown."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 (the name by which gettext's tools find such texts)
    """`text` itself. Babel finds it by this call (GNU gettext manual, "Special cases")."""
    return text


def NP_(context: str, text: str) -> str:  # noqa: ARG001, N802 (as `N_`; the context is for the catalogue)
    """`text` itself, which means what `context` says."""
    return text
