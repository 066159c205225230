"""The catalogues of the desk: what is to be translated, read from the source, and the files that translators edit."""
