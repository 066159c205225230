"""Opening and bounding untrusted media files, their fingerprints, and the worker processes that contain the work.

Only `pool`, `replies` and `walk` are imported by the process that a person started; everything that reads a file's
bytes (`picture` and what it stands on) is imported by the confined worker alone.
"""
