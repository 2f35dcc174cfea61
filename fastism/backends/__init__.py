"""Backends: what turns a graph into something that can be called. README.md says how to add one."""
