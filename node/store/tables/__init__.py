"""The tables of a database, one module for each subject. `node.store.schema` has their rules."""
