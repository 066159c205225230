"""Opening and bounding untrusted media files, their fingerprints, and the worker processes that contain the work.

The process that a person started walks (`walk`), hands out (`pool`, `workers`, `turns`) and checks what it is told
(`replies`, `course`). It opens files and never reads their bytes: that is for the confined workers (`worker`, `inside`,
`examine` and what they stand on).
"""
