"""Opening and bounding untrusted media files, their fingerprints, and the worker processes that contain the work.

The user's process finds the files (`walk`), gives them to workers (`pool`, `workers`, `turns`) and checks the replies
(`replies`, `course`). It opens files and never reads their bytes. Only confined workers read them (`worker`, `inside`,
`examine` and the modules that these use).
"""
