"""One script a revision of the schema, named by its number. A script that was released is never changed."""
