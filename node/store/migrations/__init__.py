"""Alembic's scripts, shipped as package data and run when a store is opened (`node.store.upgrade`)."""
