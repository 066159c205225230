"""What lies inside a file: the members of an archive, the pages of a TIFF, the film behind a photograph.

One module for each kind of file that holds others. A module has one function, a `Reader`: it is a generator that reads
one region and gives its parts, one by one, and what it left out. It opens nothing, writes nothing and keeps nothing.
`node.media.inside` puts each part where it can be read, fingerprints it, and looks for parts inside it again.
"""
