"""Of other systems' formats."""
