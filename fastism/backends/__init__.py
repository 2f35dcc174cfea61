"""Backends: what turns a graph into something that can be called."""
