"""Finds the parts inside a file: the members of an archive, the pages of a TIFF, the film after a photograph.

One module for each kind of container. A module has one function, a `Reader`: a generator that reads one region and
yields its parts, one by one, and its omissions. It opens nothing, writes nothing and stores nothing.
`node.media.inside` puts each part where it can be read, fingerprints it, and searches it for further parts.
"""
