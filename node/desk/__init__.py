"""The investigators' web desk."""
