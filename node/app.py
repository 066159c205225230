"""The composition root: the only place that knows which port is served by what."""
