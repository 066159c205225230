"""What Vigil does, in business sentences."""
